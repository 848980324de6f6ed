"""All contrast sets by name: those of the demo models' toy world, those in English, and files."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from core.demo.world import contrasts as demo
from core.errors import BadInput
from core.files import expand_home
from vectors.contrasts import english, records, shapes
from vectors.contrasts.header import take_header
from vectors.errors import printable_name
from vectors.texts.pair import ContrastPair, ContrastSet

DEMO_PAIRS, DEMO_SEED = 200, 31


@dataclass(frozen=True)
class BuiltIn:
    """A built-in set; `world` names the models that understand it: "demo", or "english" for all others.

    `read` and `poles` are those of a `ContrastSet`.
    """

    name: str
    world: str
    about: str
    poles: tuple[str, str]
    make: Callable[[], tuple[ContrastPair, ...]]
    read: str = "last"
    trait: frozenset[str] = frozenset()

    def load(self) -> ContrastSet:
        return ContrastSet(
            self.name,
            self.make(),
            poles=self.poles,
            about=self.about,
            read=self.read,
            trait=self.trait,
            from_templates=self.world == "demo",
        )

    @property
    def summary(self) -> str:
        """What the set is about, what plus and minus do, and which read fits it."""
        return f"{self.about} · + {self.poles[0]}, − {self.poles[1]} · read {self.read}"


def contrast(name_or_file: str | os.PathLike[str]) -> ContrastSet:
    """A built-in set by its name, or a file in one of the known formats."""
    name = os.fspath(name_or_file)
    if name in BUILT_IN:
        return BUILT_IN[name].load()
    path = expand_home(name)
    # A bare word that is no file was meant as a name, so the error lists the names.
    if not path.suffix and "/" not in name and not path.exists():
        raise BadInput(
            f"no contrast set {printable_name(name)!r}: neither a file nor one of {', '.join(BUILT_IN)}"
        )
    try:
        return _read_file(path)
    except records.BadRecord as problem:
        raise BadInput(f"{printable_name(path.name)}: {problem}") from None


def _read_file(path: Path) -> ContrastSet:
    header, entries = take_header(records.read(path))
    if not entries:
        raise records.BadRecord("no entries in it")
    shape = shapes.detect_shape(entries)
    items: list[Any] = []
    for record in entries:
        # The first entry decides the shape; one that differs is an error with its line.
        missing = next((key for key in shape.keys if key not in record.fields), None)
        if missing is not None:
            raise records.BadRecord(f"{record.place}: missing key {missing!r}")
        items.extend(shape.read(record))
    plain = ContrastSet(path.name, shape=shape.name, poles=shape.poles)
    empty = header.describe_set(plain)
    return replace(empty, pairs=tuple(items)) if shape.paired else replace(empty, prompts=tuple(items))


def _demo_set(name: str) -> BuiltIn:
    found = demo.CONTRASTS[name]
    about = f"{found.positive} against {found.negative}, in the demo models' world"

    def make() -> tuple[ContrastPair, ...]:
        return tuple(
            ContrastPair(row["positive"], row["negative"], row["domain"])
            for row in demo.contrast_records(name, DEMO_PAIRS, DEMO_SEED)
        )

    return BuiltIn(name, "demo", about, (found.positive, found.negative), make)


def _english_set(made: english.EnglishSet) -> BuiltIn:
    return BuiltIn(made.name, "english", made.about, made.poles, made.make, made.read, made.trait)


BUILT_IN: Mapping[str, BuiltIn] = {
    built.name: built for built in (*map(_demo_set, demo.CONTRASTS), *map(_english_set, english.SETS))
}
