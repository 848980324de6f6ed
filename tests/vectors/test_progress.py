"""What jobs say while they work: counts that go from the first to the last, and rows as soon as there are any."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from itertools import pairwise
from pathlib import Path

import pytest

import core
from core.errors import UsageError
from core.jobs.job import Job, JobEvent, Progress, Row
from core.jobs.runner import run
from steertui.cli.main import main
from vectors.checks import check
from vectors.contrasts.writing import job as making
from vectors.diff.job import diff_job as diff
from vectors.extraction.job import extraction_job, two_model_job


@pytest.fixture(scope="module")
def base() -> core.Model:
    return core.load("demo-base")


def extracted(base: core.Model, out: Path) -> Job:
    return extraction_job(base, {"contrast": "pirate", "out": str(out / "v.gguf"), "layers": "4-6"})


def compared(base: core.Model, out: Path) -> Job:
    asked = {"contrast": "pirate", "tuned": "demo-instruct", "out": str(out / "v.gguf"), "suggest": False}
    return two_model_job(lambda: core.load("demo-instruct"), lambda: base, asked | {"layers": "4,6"})


def checked(base: core.Model, out: Path) -> Job:
    return check.check_job(base, {"vector": "pirate", "max_new": 4, "prompts": ["Help me.", "Hello."]})


def diffed(base: core.Model, out: Path) -> Job:
    inputs = {"vector": "pirate", "inputs": "pirate", "modules": "*layers.5.mlp.down_proj*"}
    return diff({"base": "demo-base", "tuned": "demo-instruct", **inputs})


def answered(base: core.Model, out: Path) -> Job:
    asked = out / "asked.jsonl"
    rows = [{"positive": words(f"Help {n}."), "negative": words(f"Leave {n}.")} for n in range(3)]
    asked.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return making.answer_with_model(base, {"set": str(asked), "out": str(out / "new.jsonl"), "max_new": 6})


def words(text: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": text}]


def counts(events: list[JobEvent]) -> Mapping[str, list[tuple[int, int]]]:
    found: dict[str, list[tuple[int, int]]] = {}
    for event in events:
        if isinstance(event, Progress):
            found.setdefault(event.unit, []).append((event.done, event.total))
    return found


@pytest.mark.parametrize("make", [extracted, compared, checked, diffed, answered])
def test_counts_go_up_to_the_whole(
    base: core.Model, make: Callable[[core.Model, Path], Job], tmp_path: Path
) -> None:
    """Nothing starts at 0, and a prompt that is being worked on is not counted as done."""
    found = counts(list(run(make(base, tmp_path))))
    assert found
    for unit, steps in found.items():
        done, totals = [step[0] for step in steps], {step[1] for step in steps}
        restarted = unit in ("doses on pairs", "prompts generated")  # once per band that is tried
        assert len(totals) == 1, unit
        assert done[0] >= 1, unit
        assert done[-1] == max(totals), f"{unit} ends at {done[-1]} of {max(totals)}"
        assert restarted or all(a < b for a, b in pairwise(done)), unit


def test_a_layers_row_comes_as_soon_as_it_is_measured(base: core.Model, tmp_path: Path) -> None:
    asked = {"contrast": "pirate", "out": str(tmp_path / "v.gguf"), "layers": "4-6", "suggest": False}
    events = [e for e in run(extraction_job(base, asked)) if isinstance(e, Row | Progress)]
    told = [
        e.key if isinstance(e, Row) else f"{e.done}/{e.total}"
        for e in events
        if (isinstance(e, Row) and e.table == "layers")
        or (isinstance(e, Progress) and e.unit == "layers measured")
    ]
    assert told == ["4", "1/3", "5", "2/3", "6", "3/3"]
    last = [e.key for e in events if isinstance(e, Row) and "p_holm" in e.values]
    assert last == ["4", "5", "6"], "what needs all layers comes when all are there"


IMPOSSIBLE = [
    (["extract", "--contrast", "pirate", "--out", "there.txt"], "cannot write this suffix"),
    (["extract", "--contrast", "pirate", "--out", "taken/v.gguf"], "cannot write"),
    (["extract", "--contrast", "pirate", "--out", "v.gguf", "--plot", "taken/p.svg"], "cannot write"),
    (["extract", "--contrast", "pirate", "--out", "v.gguf", "--plot", "p.gif"], ".png or .svg"),
    (["extract", "--contrast", "pirate", "--out", "."], "cannot write"),
    (["diff", "demo-base", "demo-instruct", "--module", "o_proj", "--out", "taken/v.gguf"], "cannot write"),
    (["diff", "demo-base", "demo-instruct", "--plot", "p.pdf"], ".png or .svg"),
    (["contrast", "make", "pirate", "--with-model", "--out", "taken/x.jsonl"], "cannot write"),
]


@pytest.mark.parametrize(("line", "sentence"), IMPOSSIBLE, ids=lambda value: str(value)[-60:])
def test_what_cannot_be_written_is_refused_before_a_model_is_loaded(
    line: list[str],
    sentence: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("taken").touch()  # where a folder would be needed
    monkeypatch.setattr(core, "load", lambda *_, **__: pytest.fail("a model was loaded"))
    assert main(line) == UsageError.exit_code
    assert sentence in capsys.readouterr().err


def test_a_job_by_itself_refuses_before_it_reads(base: core.Model, tmp_path: Path) -> None:
    (tmp_path / "taken").touch()
    for place in ("taken/v.gguf", "v.txt"):
        asked = {"contrast": "pirate", "out": str(tmp_path / place)}
        with pytest.raises(UsageError, match="cannot write"):
            next(extraction_job(base, asked))
        with pytest.raises(UsageError, match="cannot write"):
            next(two_model_job(lambda: base, lambda: base, asked | {"tuned": "demo-instruct"}))
