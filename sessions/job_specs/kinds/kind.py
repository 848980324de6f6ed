"""What a kind of job parameter is: one object that a form and the command line both ask.

A check raises a `SteerError` whose text is the sentence to show; nothing here needs torch.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from core.files import expand_home

Json: TypeAlias = Any


@dataclass(frozen=True)
class KnownName:
    """A value to choose from, and what is known about it."""

    name: str
    detail: str = ""


@dataclass(frozen=True)
class PackSource:
    """The built-in packs of one kind, and the function that reads a file of that kind or raises."""

    names: Container[str]
    read: Callable[[Path], object]


@dataclass(frozen=True)
class CheckContext:
    """What a check may use beside the value. `n_layers` is 0 while no model is loaded. `given`: the other
    parameters of the job, parsed or as text. `read_files` is off while a line is being typed: a file that
    exists is then not opened. `pack_source` knows the experiments' packs, `list_models` this
    machine's models.
    """

    pack_source: Callable[[str], PackSource]
    given: Mapping[str, Json] = field(default_factory=dict)
    n_layers: int = 0
    read_files: bool = True
    list_models: Callable[[], Iterable[KnownName]] = tuple

    def may_read(self, path: Path) -> bool:
        """Whether to open `path` now; opening what is no file only yields the sentence that says so."""
        return self.read_files or not path.is_file()


class ParamKind:
    """A text without further meaning; the other kinds override what is different about them.

    `is_path`: a value may be the path of a file or folder that exists; `will_be_written`: it is a path where
    the job writes. `steps`: the few values that the arrow keys step through in a form. `related`: names of
    parameters that a check depends on. `has_names`: `complete` has something to list.
    """

    metavar = "TEXT"
    takes_value = True
    is_path = False
    will_be_written = False
    has_names = False
    steps: tuple[str, ...] = ()
    related: tuple[str, ...] = ()

    def parse(self, name: str, value: Json) -> Json:
        """Convert a typed value; errors name the parameter."""
        return str(value)

    def format(self, value: Json) -> str:
        """The text that `parse` reads back as this value."""
        return str(value)

    def check(self, value: Json, context: CheckContext) -> None:
        """Raise if no job could use this parsed value."""

    def knows(self, value: str, context: CheckContext) -> bool:
        """Whether the value is the name of something that is not a file of the user's."""
        return False

    def absolute(self, value: Json, context: CheckContext) -> Json:
        """The value for an engine that has another working folder: paths become absolute."""
        # A name that is known stays a name, even if a file of that name exists.
        path = expand_home(value) if self.is_path or self.will_be_written else None
        if path is None or not (self.will_be_written or (not self.knows(value, context) and path.exists())):
            return value
        return str(path.absolute())

    def complete(self, context: CheckContext) -> list[KnownName]:
        """The names to choose from; may read the disk."""
        return []

    def suggest(self, stem: str) -> str:
        """A value named after the job's input `stem`; empty if there is nothing to suggest."""
        return ""


TEXT = ParamKind()
