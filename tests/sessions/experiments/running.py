"""An experiment on scripted voices, run to its end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.jobs.job import End, JobEvent
from core.jobs.runner import run
from sessions.experiments import registry
from tests.sessions.experiments.scripted import ScriptedVoice


def events(name: str, voice: ScriptedVoice, params: Mapping[str, Any], **how: Any) -> list[JobEvent]:
    return list(run(registry.experiment_job(name, voice, params), **how))


def report(name: str, voice: ScriptedVoice, params: Mapping[str, Any], **how: Any) -> dict[str, Any]:
    end = events(name, voice, params, **how)[-1]
    assert isinstance(end, End)
    assert end.status == "done"
    return dict(end.summary)


def table(found: Mapping[str, Any], name: str) -> dict[str, dict[str, Any]]:
    """The rows of a table by their key."""
    return {row["key"]: row for row in found["rows"] if row["table"] == name}
