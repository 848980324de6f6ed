"""What the checks of job parameters need to know, the same for the command line and the forms."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from core.byte_sizes import format_bytes
from sessions.experiments.packs import pack_source
from sessions.job_specs.kinds.kind import CheckContext, KnownName


def check_context(given: Mapping[str, Any], n_layers: int = 0, *, read_files: bool = True) -> CheckContext:
    """The context for a job with the parameters `given`; `n_layers` is 0 while no model is loaded."""
    return CheckContext(pack_source, _list_models, given, n_layers, read_files)


def _list_models() -> Iterator[KnownName]:
    from steertui.catalogue import list_models

    for entry in list_models():
        yield KnownName(entry.name, entry.problem or format_bytes(entry.weight_bytes))
