"""Captured rows on disk, one memory-mapped array per layer: for large sets, and to resume after a stop."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
import torch
from torch import Tensor

from core.errors import UsageError
from core.files import MEBI, read_utf8, write_atomic

KEY = "key.json"
FINISHED = "finished.npy"

KeyPart: TypeAlias = Tensor | np.ndarray | str | int | Sequence["KeyPart"] | None


@dataclass(frozen=True)
class RowFiles:
    """`rows[L]` is a float32 view of the file of layer L; `finished` says which rows are written."""

    rows: dict[int, Tensor]
    finished: np.memmap

    def finished_indices(self) -> set[int]:
        return set(np.flatnonzero(self.finished).tolist())

    def mark_finished(self, indices: Sequence[int]) -> None:
        """Mark rows as written, after writing them: rows unmarked at a crash are written again."""
        self.finished[list(indices)] = True


def open_row_files(folder: Path, key: str, layers: Sequence[int], n: int, width: int) -> RowFiles:
    """Open the files of an earlier run with the same key, else create new ones; all are plain .npy."""
    try:
        return _open_files(folder, key, layers, n, width)
    except OSError as error:
        raise UsageError(
            f"no room for {4 * n * width * len(layers):,} bytes of states in {folder} ({error.strerror}); "
            "set XDG_CACHE_HOME to a folder on another disk"
        ) from error


def _open_files(folder: Path, key: str, layers: Sequence[int], n: int, width: int) -> RowFiles:
    folder.mkdir(parents=True, exist_ok=True)
    key_file, files = folder / KEY, {layer: folder / f"layer-{layer:03d}.npy" for layer in layers}
    whole = all(file.is_file() for file in (key_file, folder / FINISHED, *files.values()))
    # One file missing, or another key: none of the rows can be trusted.
    mode = "r+" if whole and read_utf8(key_file, MEBI) == key else "w+"
    if mode == "w+":
        # Removed first and written last: a run stopped in between leaves no key, so its files are not reused.
        key_file.unlink(missing_ok=True)
    rows = {
        layer: _mapped_array(file, mode, np.dtype(np.float32), (n, width)) for layer, file in files.items()
    }
    finished = _mapped_array(folder / FINISHED, mode, np.dtype(np.bool_), (n,))
    write_atomic(key_file, key.encode())
    return RowFiles({layer: torch.from_numpy(array) for layer, array in rows.items()}, finished)


def capture_key(*parts: KeyPart) -> str:
    """Hash that identifies a capture; pass everything that would change a row."""
    digest = hashlib.sha256()
    for part in _flat_bytes(parts):
        digest.update(part)
    return json.dumps({"sha256": digest.hexdigest()})


def _mapped_array(path: Path, mode: str, dtype: np.dtype, shape: tuple[int, ...]) -> np.memmap:
    if mode == "r+":
        return np.lib.format.open_memmap(path, mode="r+")
    array = np.lib.format.open_memmap(path, mode="w+", dtype=dtype, shape=shape)
    # A mapped file has holes until they are written to; on a full disk that would be a SIGBUS, not an error.
    with path.open("r+b") as file:
        os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
    return array


def _flat_bytes(part: KeyPart) -> Iterator[bytes]:
    if isinstance(part, Tensor):
        # numpy has no bfloat16.
        part = part.detach().float().cpu().numpy()
    if isinstance(part, np.ndarray):
        yield str(part.shape).encode() + part.tobytes()
    elif isinstance(part, (list, tuple)):
        # With the length, lists nested in different ways give different bytes.
        yield f"[{len(part)}]".encode()
        if set(map(type, part)) == {int}:
            # Most parts are lists of token ids; the same bytes at once, without a generator for each id.
            yield f"{';'.join(map(str, part))};".encode()
            return
        for item in part:
            yield from _flat_bytes(item)
    else:
        yield f"{part!r};".encode()
