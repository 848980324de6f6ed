"""assistant-axis role vectors: the mean activation of one role.

Only the difference of two of them is a direction.
"""

from __future__ import annotations

from vectors.data.layer_numbers import ReadOptions, place_rows
from vectors.data.metadata import About
from vectors.data.row import raw_rows
from vectors.errors import VectorFileError, printable_name
from vectors.files.containers.symbols import PickleValue
from vectors.files.containers.torchfile import TorchFile
from vectors.files.contents import FileContents
from vectors.files.formats.stack import AXIS_RULE, nonzero_rows


def recognizes(tree: PickleValue) -> bool:
    return isinstance(tree, dict) and "vector" in tree and ("role" in tree or "type" in tree)


def read(file: TorchFile, name: str, choices: ReadOptions) -> FileContents:
    role = printable_name(file.entries.get("role", "?"))
    warning = f"a mean activation of role {role}, not a direction: give a second one with --minus"
    if not (choices.pair or choices.allow_undecided):
        raise VectorFileError(warning)
    array = file.array("vector", file.entries["vector"])
    if array.ndim != 2:
        raise VectorFileError(f"vector has {array.ndim} axes, expected [layers, d]")
    rows, _ = nonzero_rows(array)
    about = About(name=role, method="mean activation", read=printable_name(file.entries.get("type", "")))
    checked, placed = raw_rows(rows), place_rows(rows, 0, AXIS_RULE, choices)
    doubt = () if choices.pair else (warning,)
    return FileContents(checked, "role", placed, about, warnings=(*placed.warnings, *doubt))
