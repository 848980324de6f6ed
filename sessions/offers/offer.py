"""An offer is a job one may ask for: its name, its parameters, and how it would be written on a command line."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from core.errors import UsageError
from core.mixer import finite

Json: TypeAlias = Any


@dataclass(frozen=True)
class Param:
    """`name` is its key in a job's parameters; `shown` its option, where that is spelled differently.
    A positional one stands on the command line without its option. `off` is the option that says no to a
    flag which is on by default. `holds` says what a file that will be written is: a form proposes a place for a
    vector. `new`: a name that is not there yet will do."""

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
        """A typed or written value as the job wants it; refused with the parameter's name."""
        if value is None or (value == "" and self.kind != "flag"):
            return self.default
        if self.kind == "choice" and value not in self.choices:
            raise UsageError(f"{self.name} is one of {', '.join(self.choices)}, not {value!r}")
        return READERS[self.kind](self.name, value)

    def words(self, value: Json) -> list[str]:
        """The value on a command line; nothing where it is the default anyway."""
        if value is None or value == self.default:
            return []
        if self.kind == "flag":
            return [self.option]
        text = ",".join(f"{each:g}" for each in value) if self.kind == "numbers" else str(value)
        return [text] if self.positional else [self.option, text]


@dataclass(frozen=True)
class Offer:
    """`kind` names the job at the engine, `verb` the command that does the same without a screen.
    `model` says whether it needs one that is resident; with any of `own_models` among its parameters the job loads its
    models itself."""

    kind: str
    title: str
    summary: str
    verb: tuple[str, ...]
    params: tuple[Param, ...]
    model: bool = True
    own_models: tuple[str, ...] = ()

    def wants_resident(self, given: Mapping[str, Json]) -> bool:
        return self.model and not any(given.get(name) for name in self.own_models)

    def read(self, given: Mapping[str, Json]) -> dict[str, Json]:
        """Parameters as the job wants them: typed, defaults filled in, nothing unknown, nothing missing."""
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
        """The command line that starts the same job, quoted for a shell."""
        values = self.read(given)
        ordered = sorted(self.params, key=lambda param: not param.positional)
        words = [word for param in ordered for word in param.words(values[param.name])]
        on = ["--model", model] if self.model and model else []
        return shlex.join(["steertui", *self.verb, *words, *on])


def _number(name: str, value: Json) -> float:
    return finite(name, value)


def _count(name: str, value: Json) -> int:
    number = finite(name, value)
    if number < 0 or number != int(number):
        raise UsageError(f"{name} is a whole number from 0 on, not {value!r}")
    return int(number)


def _flag(name: str, value: Json) -> bool:
    if not isinstance(value, bool):
        raise UsageError(f"{name} is on or off, not {value!r}")
    return value


def _numbers(name: str, value: Json) -> tuple[float, ...]:
    parts = value.replace(";", ",").split(",") if isinstance(value, str) else value
    return tuple(finite(name, part) for part in parts)


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
"""By what a parameter holds. A form offers lists for choice, vector, model and contrast; a file is one that will be
written, a pack a file that is read or one of the names its help lists."""
