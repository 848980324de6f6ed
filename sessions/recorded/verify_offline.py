"""Verify a session without an engine: load its model, generate its answers again, and report differences."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from core.errors import BadInput
from core.jobs.job import End
from core.jobs.runner import run
from sessions.journal import events as ev
from sessions.journal.codec import JournalRecord
from sessions.journal.environment import opening_event
from sessions.journal.folder import SessionFolder
from sessions.journal.reader import read
from sessions.live.load_options import numeric_options
from sessions.live.torch_backend import TorchBackend
from sessions.recorded.kept_vectors import read_kept_vectors
from sessions.recorded.verify import verify


def verify_offline(folder: SessionFolder, model: str | None = None) -> dict[str, Any]:
    """The summary of `sessions.recorded.verify`, with differences between the recorded and this `environment`."""
    records = read(folder.journal).records
    recorded = recorded_model(records)
    loaded = TorchBackend().load(model or recorded.name, recorded_options(recorded), lambda done, note: None)
    events = list(run(verify(loaded, records, read_kept_vectors(folder))))
    summary = events[-1].summary if isinstance(events[-1], End) else {}
    return {**summary, "environment": environment_differences(records, recorded, dict(loaded.facts))}


def recorded_options(recorded: ev.ModelChanged) -> dict[str, Any]:
    """The load options of the recorded model that change its numbers, such as dtype and adapter."""
    found = recorded.facts.get("loading")
    return numeric_options(found) if isinstance(found, dict) else {}


def recorded_model(records: Iterable[JournalRecord]) -> ev.ModelChanged:
    ready = [r.event for r in records if isinstance(r.event, ev.ModelChanged) and r.event.state == "ready"]
    if not ready:
        raise BadInput("no model was ever ready in this session: there is nothing to verify")
    # Later loads of the same session replace the earlier model.
    return ready[-1]


def environment_differences(
    records: Iterable[JournalRecord], recorded: ev.ModelChanged, facts: dict[str, Any]
) -> list[str]:
    """Differences in model, versions and numerics settings; bit-exact replay requires that there are none."""
    # A reopened session has several opening events; the first names its origin.
    then = next(record.event for record in records if isinstance(record.event, ev.SessionOpened))
    now = opening_event(then.session, then.app)
    pairs = [
        (f"model {key}", recorded.facts.get(key), facts.get(key))
        for key in ("fingerprint", "dtype", "device")
    ]
    pairs += [(name, then.versions.get(name), now.versions.get(name)) for name in now.versions]
    pairs += [
        (name, then.numerics.get(name), now.numerics.get(name)) for name in {**then.numerics, **now.numerics}
    ]
    return [f"{name}: {old} then, {new} now" for name, old, new in pairs if old != new]
