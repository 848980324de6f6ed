"""The folder of a motivation study: each phase saves files the next one reads, so a phase can also run
alone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import BadInput, UsageError
from core.files import GIBI, expand_home, read_utf8, write_atomic
from core.secrets import scrub

DATASET, VECTOR = "dataset.jsonl", "vector.safetensors"
MADE_BY = {DATASET: "dataset", VECTOR: "extraction"}


@dataclass(frozen=True)
class StudyFolder:
    """Files by name; the findings of a phase are `PHASE.json`: rows, points, samples and summary."""

    folder: Path

    @classmethod
    def open_folder(cls, folder: str) -> StudyFolder:
        path = expand_home(folder)
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as problem:
            raise UsageError(f"cannot make the folder {path}: {problem.strerror}") from None
        return cls(path)

    @property
    def vector(self) -> Path:
        return self.folder / VECTOR

    def require_file(self, name: str) -> str:
        """Path of an earlier phase's file; if missing, the error says which phase makes it."""
        path = self.folder / name
        if not path.is_file():
            raise BadInput(f"{path} is not there: run the phase {MADE_BY[name]} first")
        return str(path)

    def save_findings(self, phase: str, found: Mapping[str, Any]) -> None:
        self._write(f"{phase}.json", json.dumps(found, ensure_ascii=False, indent=1) + "\n")

    def load_findings(self, phase: str) -> dict[str, Any] | None:
        """The saved findings of a phase, or None if it has not run; an unreadable file is an error."""
        path = self.folder / f"{phase}.json"
        if not path.is_file():
            return None
        try:
            found = json.loads(read_utf8(path, GIBI))
            return {
                "rows": list(found["rows"]),
                "points": list(found["points"]),
                "samples": list(found["samples"]),
                "summary": dict(found["summary"]),
            }
        except (OSError, ValueError, KeyError, TypeError) as problem:
            raise BadInput(
                f"{path} holds no findings ({type(problem).__name__}): run that phase again"
            ) from None

    def write_pairs(self, pairs: list[Mapping[str, Any]]) -> None:
        self._write(DATASET, "".join(json.dumps(pair, ensure_ascii=False) + "\n" for pair in pairs))

    def _write(self, name: str, text: str) -> None:
        target = self.folder / name
        try:
            write_atomic(target, scrub(text).encode("utf-8"))
        except OSError as problem:
            raise UsageError(f"cannot write {target}: {problem.strerror}") from None
