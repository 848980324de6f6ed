"""What a format's reader found in a file, before it becomes a vector."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from vectors.data.layer_numbers import LayerPlacement
from vectors.data.metadata import About
from vectors.data.row import LayerRow


@dataclass(frozen=True)
class FileContents:
    """Rows and everything by layer are under the file's own numbers; `placed` says which layers they are.

    `warnings` are the reader's own, those of the placement included.
    """

    rows: Mapping[int, LayerRow]
    format: str
    placed: LayerPlacement
    about: About = field(default_factory=About)
    warnings: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    ceilings: Mapping[int, float] = field(default_factory=dict)
    file: str = ""
    file_sha256: str = ""
