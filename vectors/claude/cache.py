"""Replies on disk by the hash of their question, so that a resumed or repeated run sends no question twice.

The files hold the reply, never the question, and no key.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from core.files import JSON_BYTES, read_regular, write_atomic
from core.json_values import JsonValue

PRIVATE = 0o600


@dataclass(frozen=True)
class ReplyCache:
    folder: Path

    @classmethod
    def default(cls) -> ReplyCache:
        return cls(Path(platformdirs.user_cache_dir("steertui")) / "claude")

    def get(self, key: str) -> JsonValue:
        """The reply, or None if there is none or its file is unreadable."""
        try:
            kept = json.loads(read_regular(self._file(key), JSON_BYTES))
            return kept["reply"]
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return None

    def put(self, key: str, reply: JsonValue) -> None:
        """Write atomically, readable by the owner only; if the disk cannot be written the reply is not
        cached.
        """
        file = self._file(key)
        with suppress(OSError):
            file.parent.mkdir(parents=True, exist_ok=True)
            write_atomic(file, json.dumps({"reply": reply}).encode(), PRIVATE)

    def _file(self, key: str) -> Path:
        return self.folder / key[:2] / f"{key}.json"
