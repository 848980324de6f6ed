"""Job specifications: a job's name, its parameters, and its command line."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from core.errors import UsageError
from core.mixer.numbers import finite_number

Json: TypeAlias = Any


@dataclass(frozen=True)
class JobParam:
    """A parameter of a job. `name` is its key; its command-line option is derived from it. A positional
    parameter has no option. `off` is the option that turns off a flag that is on by default. `holds` says
    what an output file contains, so that a form can propose a path. `new`: the name need not exist yet.
    """

    name: str
    kind: str
    help: str
    default: Json = None
    choices: tuple[str, ...] = ()
    required: bool = False
    positional: bool = False
    off: str = ""
    holds: str = ""
    new: bool = False

    @property
    def option(self) -> str:
        return self.off or "--" + self.name.replace("_", "-")

    def read(self, value: Json) -> Json:
        """Convert and check a typed value; errors name the parameter."""
        if value is None or (value == "" and self.kind != "flag"):
            return self.default
        if self.kind == "choice" and value not in self.choices:
            raise UsageError(f"{self.name} is one of {', '.join(self.choices)}, not {value!r}")
        return READERS[self.kind](self.name, value)

    def words(self, value: Json) -> list[str]:
        """The value as command-line arguments; empty for the default."""
        if value is None or value == self.default:
            return []
        if self.kind == "flag":
            return [self.option]
        text = ",".join(f"{each:g}" for each in value) if self.kind == "numbers" else str(value)
        return [text] if self.positional else [self.option, text]


@dataclass(frozen=True)
class JobSpec:
    """A kind of job. `kind` is its name at the engine, `verb` the equivalent command. `model`: whether it
    needs a loaded model; if any of `own_models` is among its parameters, it loads its models itself.
    """

    kind: str
    title: str
    summary: str
    verb: tuple[str, ...]
    params: tuple[JobParam, ...]
    model: bool = True
    own_models: tuple[str, ...] = ()

    def needs_resident(self, given: Mapping[str, Json]) -> bool:
        return self.model and not any(given.get(name) for name in self.own_models)

    def read(self, given: Mapping[str, Json]) -> dict[str, Json]:
        """Check and convert all parameters and fill in defaults."""
        known = {param.name for param in self.params}
        for name in given:
            if name not in known:
                raise UsageError(f"{self.kind} takes no {name!r}: it takes {', '.join(sorted(known))}")
        values = {param.name: param.read(given.get(param.name)) for param in self.params}
        for param in self.params:
            if param.required and values[param.name] is None:
                raise UsageError(f"{self.kind} needs {param.name if param.positional else param.option}")
        return values

    def command(self, given: Mapping[str, Json], model: str | None = None) -> str:
        """The shell-quoted command line that starts the same job."""
        values = self.read(given)
        ordered = sorted(self.params, key=lambda param: not param.positional)
        words = [word for param in ordered for word in param.words(values[param.name])]
        on = ["--model", model] if self.model and model else []
        return shlex.join(["steertui", *self.verb, *words, *on])


def _number(name: str, value: Json) -> float:
    return finite_number(name, value)


def _count(name: str, value: Json) -> int:
    number = finite_number(name, value)
    if number < 0 or number != int(number):
        raise UsageError(f"{name} is a whole number ≥ 0, not {value!r}")
    return int(number)


def _flag(name: str, value: Json) -> bool:
    if not isinstance(value, bool):
        raise UsageError(f"{name} is on or off, not {value!r}")
    return value


def _numbers(name: str, value: Json) -> tuple[float, ...]:
    parts = value.replace(";", ",").split(",") if isinstance(value, str) else value
    return tuple(finite_number(name, part) for part in parts)


def _text(name: str, value: Json) -> str:
    return str(value)


READERS = {
    **dict.fromkeys(
        ("text", "choice", "vector", "model", "contrast", "layers", "file", "folder", "pack"), _text
    ),
    "number": _number,
    "count": _count,
    "flag": _flag,
    "numbers": _numbers,
}
"""A conversion for each kind of parameter. A form shows lists for choice, vector, model and contrast.
`file` is an output file; `pack` is an input file or a built-in name.
"""
