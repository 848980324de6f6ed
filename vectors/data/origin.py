"""Where a vector comes from: the file, its format, how its layers were numbered, and what is doubtful."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Origin:
    """Of a vector made in memory unless a reader says otherwise; `undecided` when its rows could be blocks
    or hidden states, `parts` are the experiments of a capping config. `asked` is the name or path by which it was
    read, `asked_sha256` the content that this had.
    """

    format: str = "memory"
    index_rule: str = "made here: layer L is the output of block L"
    undecided: bool = False
    parts: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    file: str = ""
    file_sha256: str = ""
    asked: str = ""
    asked_sha256: str = ""

    def warn(self, *sentences: str) -> Origin:
        return replace(self, warnings=(*self.warnings, *sentences))

    def without_file(self) -> Origin:
        """Of a vector that is no longer the one in the file."""
        return replace(self, file="", file_sha256="")
