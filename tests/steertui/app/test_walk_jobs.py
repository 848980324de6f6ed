"""The real app in a real terminal: jobs from their forms on the real model, watched to the end, and what they made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import vectors
from tests.steertui.app.walk import (
    ASKED,
    DOWN,
    ENTER,
    F3,
    F4,
    Walk,
    walk,
)

pytestmark = pytest.mark.usefixtures("no_engine_stays")


def begins(at: Walk, kind: str, **lines: str) -> int:
    """A job from its form, these lines filled in, which are the first ones; its number."""
    before = len(at.state.jobs)
    at.press("n")
    at.sees("a new job")
    at.press(kind)
    at.sees(f" {kind}  ")
    at.press(ENTER)
    at.sees("enter start")
    for place, (name, line) in enumerate(lines.items()):
        if place:
            at.moves(DOWN, f"{name}*")
        at.press(line)
        at.sees(line[-20:])
    at.sees("$ steertui ")
    at.press(ENTER)
    at.at.until(lambda: len(at.state.jobs) > before)
    return max(at.state.jobs)


def is_done(at: Walk, job: int) -> dict[str, Any]:
    """Watched to its end, on the screen as in the journal; its report."""
    at.at.until(lambda: at.state.jobs[job].state not in ("queued", "running"), seconds=300)
    task = at.state.jobs[job]
    assert task.state == "done", task.message
    at.sees(f"✓ {job} {task.kind}")
    return dict(task.reports[-1])


@pytest.mark.slow
def test_jobs_are_begun_from_their_forms_watched_and_their_vector_is_played(tmp_path: Path) -> None:
    out = tmp_path / "mine.safetensors"
    with walk() as at:
        at.ready()
        at.press(F3)
        at.sees("No job in this session yet")
        job = begins(at, "Extract", contrast="determined-drifting", out=str(out))
        at.sees(f"▶ {job} extract", "/400", "texts read", "left")
        report = is_done(at, job)
        at.sees("max", f"at layer {report['best_layer']}", "a loads it on the desk")
        at.press("a")
        at.sees("1 mine")
        at.turned(lambda strip: strip["name"] == "mine")
        assert at.channel["sha256"] == vectors.read(out).sha256
        gen = at.says(ASKED)
        at.ended(gen)
        assert at.turn(gen).tokens[0].mix == at.mixer.mix
        at.press(F3)
        job = begins(at, "Weight", base="demo-base", tuned="demo-instruct")
        is_done(at, job)
        at.sees("demo-base", "demo-instruct")
        at.press(F4)
        at.sees("library", "determined-drifting")
        at.press(DOWN)
        at.sees("│ determined-drifting")  # its card
        at.press("t")
        at.sees("checking")
        at.at.until(lambda: any(task.kind == "check" for task in at.state.jobs.values()))
        verdict = is_checked(at)
        at.sees(f"{verdict.upper()}  determined-drifting on demo-instruct")


def is_checked(at: Walk) -> str:
    """The verdict in the journal."""
    job = max(at.state.jobs)
    at.at.until(lambda: at.state.jobs[job].state == "done", seconds=300)
    return str(at.state.jobs[job].reports[-1]["verdict"])
