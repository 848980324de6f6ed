"""Sessions that an earlier program recorded read, show, export and repeat as they did with it.

`recorded/` holds them as they lay on the disk, and what that program made of them in `expected/`; its README says how
both came about. Nothing in it is ever written anew: what differs from it changes what
people have on their disks.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
import torch

from core.jobs import job
from core.jobs.job import End
from core.jobs.runner import run
from sessions.journal import events as ev
from sessions.journal.codec import JournalRecord, encode
from sessions.journal.folder import SessionFolder
from sessions.journal.reader import JournalContents, read, scan_journal
from sessions.live.torch_backend import TorchBackend, TorchModel
from sessions.recorded.kept_vectors import read_kept_vectors
from sessions.recorded.verify import verify
from sessions.recorded.verify_offline import environment_differences, recorded_model, recorded_options
from sessions.state.fold import fold_all
from steertui import paths
from steertui.cli.main import main

RECORDED = Path(__file__).with_name("recorded")
NAMES = sorted(path.parent.name for path in RECORDED.glob("*/journal.jsonl"))
FORMS = ("md", "jsonl", "html", "csv", "cast")
DAY = "2026-11-30"

ADDED_KINDS: Mapping[str, str] = {"answer": "an answer of a batch of many"}
"""Kinds of events, of the journal and of jobs, that the program of then did not have. All it had were recorded."""
NEVER_A_FIELD = {
    "open.schema": "left out as long as it is the first one",
    "mixer.expression": "not written then",
    "inject.source": "only a thought that is closed at its budget has one",
    "rebuild.wall_ms": "nobody measures it",
    "chunk.wall_ms": "not measured then",
    "tok.region": "left out in an answer, and the demo models do not think",
    "meter.lane": "only lane 0 is measured; a forced lane stands in its `values`",
}
ENDS = {"eos", "length", "stop", "cancel", "error", "context", "branch"}
"""How answers end here. `oom` is missing: on a CPU the system ends the process instead."""
STORED_AS = {
    ("SessionState", "mixer"): "desk",
    ("Turn", "given_text"): "said",
    ("JobState", "report_count"): "told",
}
"""Fields of the state that had other names when `state.json` was written."""
ADDED_SINCE = {
    ("Marker", "changes"),
    ("Marker", "expression"),
    ("MixerState", "expression"),
    ("Marker", "source"),
    ("AnswerToken", "region"),
}
"""Fields of the state that the program of then did not have; they are made from what it stored, or empty."""
NOT_VERIFIED = {"branch-by-command": "no model was ever ready"}
"""Sessions with answers that `verify` refuses, and what it says: a branch begins without an engine."""


@cache
def reading(name: str) -> JournalContents:
    return read(RECORDED / name / "journal.jsonl")


def events() -> Iterator[ev.Event]:
    return chain.from_iterable((record.event for record in reading(name).records) for name in NAMES)


def expected(name: str, file: str) -> bytes:
    return (RECORDED / name / "expected" / file).read_bytes()


def dumped(found: JournalContents) -> bytes:
    """What a journal folds to, as JSON without the names of classes; a line for every part of the state."""
    state = plain(fold_all(found.records))
    rows = [f"{json.dumps(key)}:{canonical(value)}" for key, value in sorted(state.items())]
    return ("{" + ",\n".join([f'"report":{canonical(found.damage_words())}', *rows]) + "}\n").encode("ascii")


def canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def plain(value: Any) -> Any:
    """Dataclasses and mappings as objects, sequences as lists; keys are text, as JSON has them."""
    if is_dataclass(value) and not isinstance(value, type):
        kind = type(value).__name__
        return {
            STORED_AS.get((kind, field.name), field.name): plain(getattr(value, field.name))
            for field in fields(value)
            if (kind, field.name) not in ADDED_SINCE
        }
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def machine() -> dict[str, str]:
    """What decides the last bits beside the versions that a journal has: which kernels this processor is given."""
    try:
        lines = Path("/proc/cpuinfo").read_text().split("\n\n")[0].splitlines()
    except OSError:
        lines = []
    pairs = (line.partition(":") for line in lines)
    said = {name.strip(): value.strip() for name, _, value in pairs}
    kept = {name: said.get(name, "") for name in ("vendor_id", "cpu family", "model", "model name")}
    return {**kept, "kernels": torch.backends.cpu.get_cpu_capability()}


@cache
def resident(name: str, options: str) -> TorchModel:
    """One model for all sessions that were recorded with it: they are verified in its conversations one by one."""
    return TorchBackend().load(name, json.loads(options), lambda done, note: None)


def verified(name: str) -> tuple[dict[str, Any], list[str]]:
    """As `sessions verify`, without loading the model once more."""
    records = reading(name).records
    model = recorded_model(records)
    instrument = resident(model.name, canonical(recorded_options(model)))
    told = list(run(verify(instrument, records, read_kept_vectors(SessionFolder(RECORDED / name)))))
    assert isinstance(told[-1], End)
    return dict(told[-1].summary), environment_differences(records, model, dict(instrument.facts))


@pytest.fixture
def shelf() -> Mapping[str, str]:
    """The recorded sessions where the program looks for them, and their ids."""
    day = paths.sessions_folder() / DAY
    day.mkdir()
    ids = {name: opened(reading(name).records).session for name in NAMES}
    for name, session in ids.items():
        (day / session).symlink_to(RECORDED / name)
    return ids


def opened(records: tuple[JournalRecord, ...]) -> ev.SessionOpened:
    first = records[0].event
    assert isinstance(first, ev.SessionOpened)
    return first


def answered(name: str) -> bool:
    return any(isinstance(record.event, ev.TokensGenerated) for record in reading(name).records)


def test_every_kind_of_event_that_can_be_recorded_was_recorded() -> None:
    assert len(NAMES) >= 12
    seen = Counter(event.t for event in events())
    assert set(ev.KINDS) - set(seen) == set(ADDED_KINDS)
    assert set(seen) <= set(ev.KINDS)


def test_every_field_of_every_kind_was_recorded() -> None:
    written = {(kind, key) for kind, data in lines() for key in data}
    known = {
        (t, field.name) for t, kind in ev.KINDS.items() if t not in ADDED_KINDS for field in fields(kind)
    }
    missing = {f"{t}.{name}" for t, name in known - written if name != "extra"}
    assert missing == set(NEVER_A_FIELD)


def lines() -> Iterator[tuple[str, dict[str, Any]]]:
    """The lines that are whole, as JSON and nothing else reads them."""
    for name in NAMES:
        data = (RECORDED / name / "journal.jsonl").read_bytes()
        for start, length in scan_journal(data).spans:
            line = json.loads(data[start : start + length])
            yield line["t"], line


def test_whatever_can_happen_to_an_answer_and_to_a_job_was_recorded() -> None:
    def values(kind: type[ev.Event], field: str) -> set[Any]:
        return {getattr(event, field) for event in events() if isinstance(event, kind)}

    assert values(ev.AnswerStopped, "reason") == ENDS
    assert values(ev.TextInjected, "how") == {"own", "user", "tool"}
    assert values(ev.TurnAdded, "role") == {"user", "assistant", "system", "tool"}
    assert values(ev.ModelChanged, "state") == {"loading", "ready", "failed", "unloaded"}
    assert values(ev.JobChanged, "state") == {"queued", "running", "done", "failed", "cancelled"}
    assert {"extract", "check", "diff", "verify", "sweep", "say"} <= values(ev.JobChanged, "kind")
    assert values(ev.ClientAttached, "role") == {"writer", "observer"}
    assert values(ev.ErrorReported, "where") == {"load_model", "mixer", "restore"}
    assert values(ev.TokensGenerated, "by") == {"", "compiled"}
    assert {lane["forced"] for lane in chain(*values_of_lanes())} == {True, False}


def values_of_lanes() -> list[tuple[Mapping[str, Any], ...]]:
    return [event.lanes for event in events() if isinstance(event, ev.LanesAssigned)]


def test_what_jobs_reported_is_known_by_its_kind() -> None:
    reports = [dict(e.event) for e in events() if isinstance(e, ev.JobChanged) and e.event.get("kind")]
    assert {report["kind"] for report in reports} == set(job.JobEvent.kinds) - {End.kind} - set(ADDED_KINDS)
    for report in reports:
        assert canonical(job.JobEvent.from_json(report).to_json()) == canonical(report)


@pytest.mark.parametrize("name", NAMES)
def test_a_journal_is_understood_line_for_line_and_written_back_to_the_byte(name: str) -> None:
    data = (RECORDED / name / "journal.jsonl").read_bytes()
    found = reading(name)
    for record, (start, length) in zip(found.records, found.spans, strict=True):
        assert not isinstance(record.event, ev.UnknownEvent)
        assert not record.event.extra
        assert encode(record) == data[start : start + length]


@pytest.mark.parametrize("name", NAMES)
def test_a_session_folds_to_the_state_it_had(name: str) -> None:
    found, kept = dumped(reading(name)).splitlines(), expected(name, "state.json").splitlines()
    for now, then in zip(found, kept, strict=True):
        assert now == then


@pytest.mark.parametrize("name", NAMES)
def test_a_session_is_shown_and_exported_to_the_byte(
    name: str, shelf: Mapping[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    for words, file in [
        (("show", shelf[name]), "show.txt"),
        *((("export", shelf[name], "--to", form), f"export.{form}") for form in FORMS),
    ]:
        assert main(["sessions", *words]) == 0
        assert capsys.readouterr().out.encode() == expected(name, file), file


@pytest.mark.parametrize("name", [name for name in filter(answered, NAMES) if name not in NOT_VERIFIED])
def test_what_was_answered_is_answered_again(name: str) -> None:
    """To the token everywhere; as exactly as then, where processor and versions are those of then."""
    then = json.loads(expected(name, "verify.json"))
    now, different = verified(name)
    assert now["grade"] in ("bit-exact", "token-exact")
    assert now["unverified"] == 0
    assert [(a["gen"], a["tokens"], a["compiled"]) for a in now["answers"]] == [
        (a["gen"], a["tokens"], a["compiled"]) for a in then["answers"]
    ]
    if not different and machine() == json.loads((RECORDED / "machine.json").read_bytes()):
        assert now["grade"] == then["grade"]


def test_recorded_sessions_are_verified_by_the_command(
    shelf: Mapping[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    for name, why in NOT_VERIFIED.items():
        assert main(["sessions", "verify", shelf[name]]) != 0
        assert why in capsys.readouterr().err
    assert main(["sessions", "verify", shelf["guest-that-says"], "--json"]) == 0
    verdict = json.loads(capsys.readouterr().out)
    assert (verdict["session"], len(verdict["answers"])) == (shelf["guest-that-says"], 1)
    assert verdict["grade"] in ("bit-exact", "token-exact")
