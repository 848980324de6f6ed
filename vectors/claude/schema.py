"""The part of JSON Schema that our questions use, validated here too: an endpoint may ignore the schema.

Numeric bounds and lengths are validated only here: the API's structured output refuses schemas that have
them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from core.json_values import JsonValue
from vectors.errors import printable_name

Schema: TypeAlias = Mapping[str, Any]

OURS_ALONE = ("minimum", "maximum", "minItems", "maxItems", "minLength", "maxLength")
TYPES: Mapping[str, Callable[[JsonValue], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
}


def object_schema(**properties: Schema) -> Schema:
    """The schema of an object with exactly these fields."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def api_schema(schema: JsonValue) -> JsonValue:
    """The schema without the keywords that the API refuses."""
    if isinstance(schema, Mapping):
        return {name: api_schema(part) for name, part in schema.items() if name not in OURS_ALONE}
    return [api_schema(part) for part in schema] if isinstance(schema, list | tuple) else schema


def schema_fault(value: JsonValue, schema: Schema, place: str = "the reply") -> str | None:
    """What is wrong with a value, in words, or None."""
    if not TYPES[schema["type"]](value):
        return f"{place} is no {schema['type']}"
    if "enum" in schema and value not in schema["enum"]:
        return f"{place} is {printable_name(value)}, not one of {', '.join(map(str, schema['enum']))}"
    # The type is right, so the function for it may rely on it.
    return _KINDS[schema["type"]](value, schema, place)


def _object_fault(value: Mapping[str, JsonValue], schema: Schema, place: str) -> str | None:
    properties: Mapping[str, Schema] = schema["properties"]
    if missing := [name for name in schema["required"] if name not in value]:
        return f"{place} has no {missing[0]}"
    if unknown := [name for name in value if name not in properties]:
        return f"{place} has a field that the schema does not have: {printable_name(unknown[0])}"
    return next(
        filter(
            None, (schema_fault(part, properties[name], f"{place}'s {name}") for name, part in value.items())
        ),
        None,
    )


def _array_fault(value: list[JsonValue], schema: Schema, place: str) -> str | None:
    if (wrong := _range_fault(len(value), schema, "minItems", "maxItems")) is not None:
        return f"{place} has {len(value)} items, {wrong}"
    parts = (
        schema_fault(part, schema["items"], f"{place}'s item {at}") for at, part in enumerate(value, start=1)
    )
    return next(filter(None, parts), None)


def _string_fault(value: str, schema: Schema, place: str) -> str | None:
    wrong = _range_fault(len(value), schema, "minLength", "maxLength")
    return None if wrong is None else f"{place} has {len(value)} characters, {wrong}"


def _number_fault(value: float, schema: Schema, place: str) -> str | None:
    wrong = _range_fault(value, schema, "minimum", "maximum")
    return None if wrong is None else f"{place} is {value:g}, {wrong}"


def _range_fault(value: float, schema: Schema, low: str, high: str) -> str | None:
    if value < schema.get(low, value):
        return f"at least {schema[low]} is wanted"
    if value > schema.get(high, value):
        return f"at most {schema[high]} is wanted"
    return None


def _no_fault(value: JsonValue, schema: Schema, place: str) -> None:
    return None


_KINDS: Mapping[str, Callable[[Any, Schema, str], str | None]] = {
    "object": _object_fault,
    "array": _array_fault,
    "string": _string_fault,
    "boolean": _no_fault,
    "integer": _number_fault,
    "number": _number_fault,
}
