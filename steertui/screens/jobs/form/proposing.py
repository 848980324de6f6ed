"""Proposes an output path named after a job's input: a vector in the library, or a contrast set in the
folder where the app was started.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from sessions.job_specs.offer import JobParam, JobSpec


def proposed_path(offer: JobSpec, param: JobParam, texts: Mapping[str, str]) -> str:
    """A path that does not exist yet; empty if none is needed or the input is not filled in."""
    if not param.required:
        return ""
    others = [each for each in offer.params if each.required and each is not param and texts.get(each.name)]
    stem = (
        # A leading dot would hide the file, and a leading dash would read as an option.
        re.sub(r"[^A-Za-z0-9._-]+", "-", Path(texts[others[0].name]).stem).strip(".-")[:80] if others else ""
    )
    return param.kind.suggest(stem) if stem else ""
