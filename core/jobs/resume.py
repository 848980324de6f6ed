"""Results of finished tasks on disk, so that a rerun continues where a cancelled or killed job stopped."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from core.files import GIBI, read_regular
from core.json_values import JsonValue

LARGEST = GIBI


class FinishedTasks:
    """Task keys and JSON results, one line each, written as tasks finish.

    If the file cannot be written the job still runs, but a rerun starts over.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self._results: dict[str, JsonValue] = {}
        if file.is_file():
            self._read()
        with suppress(OSError):
            file.parent.mkdir(parents=True, exist_ok=True)

    @classmethod
    def for_job(cls, folder: Path, kind: str, settings: Mapping[str, JsonValue]) -> FinishedTasks:
        """The results file of this job and settings: another model, seed or vector is another job."""
        # Sorted, so that the order of the settings does not make another job.
        identity = json.dumps([kind, settings], sort_keys=True, default=str)
        return cls(folder / f"{kind}-{hashlib.sha256(identity.encode()).hexdigest()[:16]}.jsonl")

    def __contains__(self, key: str) -> bool:
        return key in self._results

    def __getitem__(self, key: str) -> JsonValue:
        return self._results[key]

    def __len__(self) -> int:
        return len(self._results)

    def record_result(self, key: str, result: JsonValue) -> None:
        """Record a result as JSON returns it, so that a first run and a rerun see the same value."""
        line = json.dumps({"step": key, "result": result})
        with suppress(OSError):
            self._append(f"{line}\n".encode())
        self._results[key] = json.loads(line)["result"]

    def _append(self, line: bytes) -> None:
        """Write the whole line or nothing, so that a partial line never joins the next one."""
        with self.file.open("ab", buffering=0) as file:
            before = file.tell()
            try:
                # An unbuffered write may take only a part of the bytes.
                while line:
                    line = line[file.write(line) :]
            except OSError:
                file.truncate(before)
                raise

    def _read(self) -> None:
        """Read every complete line; an incomplete last one is cut off and its task runs again."""
        content = read_regular(self.file, LARGEST)
        whole = content[: content.rfind(b"\n") + 1]
        if len(whole) < len(content):
            # The next line appended would otherwise continue the incomplete one.
            os.truncate(self.file, len(whole))
        for line in whole.splitlines():
            try:
                entry = json.loads(line)
                self._results[entry["step"]] = entry["result"]
            except (ValueError, TypeError, KeyError):
                # A damaged line costs one task, not the whole record.
                continue
