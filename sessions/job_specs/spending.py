"""Whether a job calls Claude and so costs money: always, or only if Claude is its judge."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sessions.job_specs.offer import JobSpec

BUDGET, CRITERION = "budget", "criterion"
JUDGING = ("judge", "measure", "coherence")
"""Parameters that may name a judge."""
CLAUDE = "claude-"


def costs_money(offer: JobSpec, given: Mapping[str, Any]) -> bool:
    names = {param.name for param in offer.params}
    if BUDGET not in names:
        return False
    # A budget without a judge to choose: the job itself always calls Claude.
    if not names & {*JUDGING, CRITERION}:
        return True
    named = (str(given.get(name) or "") for name in JUDGING)
    return bool(given.get(CRITERION)) or any(name.startswith(CLAUDE) for name in named)
