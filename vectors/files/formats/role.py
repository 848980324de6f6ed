"""assistant-axis role vectors: the mean activation of one role.

Only the difference of two of them is a direction.
"""

from __future__ import annotations

from typing import Any

from vectors.data.layer_numbers import Choices, place
from vectors.data.metadata import About
from vectors.data.stored import Stored
from vectors.errors import VectorFileError, shown
from vectors.files.containers.torchfile import TorchFile
from vectors.files.formats.stack import AXIS_RULE, rows_of


def claims(tree: Any) -> bool:
    return isinstance(tree, dict) and "vector" in tree and ("role" in tree or "type" in tree)


def read(file: TorchFile, name: str, choices: Choices) -> Stored:
    role = shown(file.tree.get("role", "?"))
    warning = f"a mean activation of role {role}, not a direction: give a second one with --minus"
    if not (choices.pair or choices.allow_undecided):
        raise VectorFileError(warning)
    array = file.array("vector", file.tree["vector"])
    if array.ndim != 2:
        raise VectorFileError(f"vector has {array.ndim} axes, expected [layers, d]")
    rows, _ = rows_of(array)
    about = About(name=role, method="mean activation", read=shown(file.tree.get("type", "")))
    stored = Stored.from_raw(rows, format="role", about=about).placed(place(rows, 0, AXIS_RULE, choices))
    return stored if choices.pair else stored.warn(warning)
