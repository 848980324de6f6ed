"""The environment a session was recorded in, to explain why a replay elsewhere may differ in the last bit."""

from __future__ import annotations

import os
import platform
import socket
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib import metadata

from sessions.journal.event import Json
from sessions.journal.events import SessionOpened

PACKAGES = ("torch", "transformers", "accelerate", "safetensors", "tokenizers", "numpy")
NUMERICS = (
    "CUBLAS_WORKSPACE_CONFIG",
    "NVIDIA_TF32_OVERRIDE",
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "CUDA_VISIBLE_DEVICES",
    "PYTORCH_CUDA_ALLOC_CONF",
)


def opening_event(
    session: str, app: str, *, parent: Json = None, argv: Iterable[str] | None = None
) -> SessionOpened:
    """The first event of a session that is started or reopened now."""
    words = sys.argv if argv is None else argv
    return SessionOpened(
        session=session,
        app=app,
        wall=datetime.now(UTC).isoformat(timespec="milliseconds"),
        host=socket.gethostname(),
        argv=tuple(words),
        versions={"python": platform.python_version(), **_versions()},
        numerics={name: os.environ[name] for name in NUMERICS if name in os.environ},
        parent=parent,
    )


def _versions() -> dict[str, str]:
    """From package metadata, because importing the packages would be slow."""
    versions = {}
    for package in PACKAGES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return versions
