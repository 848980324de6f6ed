"""The vectors that can be added without a path: starters of the demo world and the user's library."""

from __future__ import annotations

from sessions.experiments.packs import pack_source
from sessions.job_specs.kinds.inputs import VECTOR_SOURCE
from sessions.job_specs.kinds.kind import CheckContext
from steertui.widgets.choices import Choice


def vector_choices() -> list[Choice]:
    """The library's entries as choices, each with a short note."""
    found = VECTOR_SOURCE.complete(CheckContext(pack_source))
    return [Choice(each.name, each.name, each.detail) for each in found]
