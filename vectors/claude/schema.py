"""The part of JSON Schema our questions use, checked on this side too: an endpoint may ignore what it was asked for.

Numeric bounds and lengths are checked here only: the API's own structured output refuses schemas that have them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from vectors.errors import shown

Json: TypeAlias = Any
Schema: TypeAlias = Mapping[str, Any]

OURS_ALONE = ("minimum", "maximum", "minItems", "maxItems", "minLength", "maxLength")
TYPES: Mapping[str, Callable[[Json], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
}


def fields(**properties: Schema) -> Schema:
    """An object with exactly these fields."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def on_the_wire(schema: Json) -> Json:
    """The schema as the API takes it."""
    if isinstance(schema, Mapping):
        return {name: on_the_wire(part) for name, part in schema.items() if name not in OURS_ALONE}
    return [on_the_wire(part) for part in schema] if isinstance(schema, list | tuple) else schema


def fault(value: Json, schema: Schema, place: str = "the reply") -> str | None:
    """What is wrong with a value, in words, or None."""
    if not TYPES[schema["type"]](value):
        return f"{place} is no {schema['type']}"
    if "enum" in schema and value not in schema["enum"]:
        return f"{place} is {shown(value)}, not one of {', '.join(map(str, schema['enum']))}"
    return _KINDS[schema["type"]](value, schema, place)


def _of_object(value: Mapping[str, Json], schema: Schema, place: str) -> str | None:
    properties: Mapping[str, Schema] = schema["properties"]
    if missing := [name for name in schema["required"] if name not in value]:
        return f"{place} has no {missing[0]}"
    if unknown := [name for name in value if name not in properties]:
        return f"{place} has a field nobody asked for: {shown(unknown[0])}"
    return next(
        filter(None, (fault(part, properties[name], f"{place}'s {name}") for name, part in value.items())),
        None,
    )


def _of_array(value: list[Json], schema: Schema, place: str) -> str | None:
    if (wrong := _outside(len(value), schema, "minItems", "maxItems")) is not None:
        return f"{place} has {len(value)} items, {wrong}"
    parts = (fault(part, schema["items"], f"{place}'s item {at}") for at, part in enumerate(value, start=1))
    return next(filter(None, parts), None)


def _of_string(value: str, schema: Schema, place: str) -> str | None:
    wrong = _outside(len(value), schema, "minLength", "maxLength")
    return None if wrong is None else f"{place} has {len(value)} characters, {wrong}"


def _of_number(value: float, schema: Schema, place: str) -> str | None:
    wrong = _outside(value, schema, "minimum", "maximum")
    return None if wrong is None else f"{place} is {value:g}, {wrong}"


def _outside(value: float, schema: Schema, low: str, high: str) -> str | None:
    if value < schema.get(low, value):
        return f"at least {schema[low]} is wanted"
    if value > schema.get(high, value):
        return f"at most {schema[high]} is wanted"
    return None


def _anything(value: Json, schema: Schema, place: str) -> None:
    return None


_KINDS: Mapping[str, Callable[[Any, Schema, str], str | None]] = {
    "object": _of_object,
    "array": _of_array,
    "string": _of_string,
    "boolean": _anything,
    "integer": _of_number,
    "number": _of_number,
}
