"""Replies on disk by the hash of their question, so that a resumed or repeated run sends no question twice.

The files hold the reply, never the question, and no key.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import platformdirs

PRIVATE = 0o600


@dataclass(frozen=True)
class ReplyCache:
    folder: Path

    @classmethod
    def default(cls) -> ReplyCache:
        return cls(Path(platformdirs.user_cache_dir("steertui")) / "claude")

    def get(self, key: str) -> Any:
        """The reply, or None if there is none or its file is unreadable."""
        try:
            entry = json.loads(self._file(key).read_text(encoding="utf-8"))
            return entry["reply"]
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return None

    def put(self, key: str, reply: Any) -> None:
        """Write atomically, readable by the owner only; if the disk cannot be written the reply is not
        cached.
        """
        file = self._file(key)
        # Unique to this process and reply, as two may write the same key at a time.
        fresh = file.with_suffix(f".{os.getpid()}.{id(reply):x}.new")
        with suppress(OSError):
            file.parent.mkdir(parents=True, exist_ok=True)
            # Private before there is any text in it.
            fresh.touch(PRIVATE)
            fresh.write_text(json.dumps({"reply": reply}), encoding="utf-8")
            fresh.replace(file)

    def _file(self, key: str) -> Path:
        return self.folder / key[:2] / f"{key}.json"
