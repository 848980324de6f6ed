"""What leaves a session for other eyes: complete, correct, and harmless whatever the model said."""

from __future__ import annotations

import csv
import io
import json
import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from core.errors import UsageError
from core.mixer.mixer import Channel, Mixer
from sessions.export import FORMS, export
from sessions.export.playback import in_reading_order, replay_paced
from sessions.journal import events as ev
from sessions.journal.codec import JournalRecord
from sessions.journal.folder import all_folders
from sessions.journal.journal import Journal
from sessions.journal.reader import read
from sessions.recorded.index import SessionIndex
from sessions.state.mixer_changes import describe_change
from sessions.state.mixer_words import mix_hash, mixer_summary
from steertui.text import safe_text
from tests.sessions.scripted import Vector

HOSTILE = "\x1b]52;c;ZXZpbA==\x07</script><img onerror=alert(1)> [x](javascript:y) =HYPERLINK(1)\u202e\x9b2J"
LOUD = Vector("loud", {3: (1.0,)}, {3: 2.0})


def mixer(scale: float) -> dict[str, object]:
    return Mixer((Channel(LOUD, scale=scale, layers=(1, 2, 3)),)).to_json()


def records(*events: ev.Event) -> tuple[JournalRecord, ...]:
    return tuple(JournalRecord(n, 100, event) for n, event in enumerate(events))


def talk(
    answer: tuple[str, ...] = ("It ", "rains."), question: str = "How is it?"
) -> tuple[JournalRecord, ...]:
    """One question, an answer with a flip before its last token, and a second answer beside it."""
    ids = tuple(range(len(answer)))
    half = len(answer) - 1
    return records(
        ev.SessionOpened(
            session="S1", app="0.1", wall="2026-11-20T11:45:58+00:00", versions={"torch": "2.13"}
        ),
        ev.ModelChanged(state="ready", name="demo", facts={"dtype": "float32"}),
        ev.VectorChanged(name="loud", sha256="abc"),
        ev.MixerChanged(rev=1, state=mixer(1.0), mix="m1"),
        ev.TurnAdded(turn=0, text=question),
        ev.AnswerStarted(gen=0, turn=1, parent=0, settings={"seed": 7, "system": "Be brief."}, mix="m1"),
        ev.TokensGenerated(gen=0, i=0, ids=ids[:half], text=answer[:half], lp=(-0.5,) * half, mix="m1"),
        ev.MixerChanged(rev=2, state=mixer(-1.0), mix="m2", gen=0, at=half, words="FLIP loud"),
        ev.TokensGenerated(gen=0, i=half, ids=ids[half:], text=answer[half:], lp=(-0.25,), mix="m2"),
        ev.MeterReadings(gen=0, i=0, proj={"loud": tuple(float(k) for k in ids)}),
        ev.AnswerStopped(gen=0, reason="eos", tokens=len(ids)),
        ev.AnswerStarted(gen=1, turn=2, parent=0, settings={"seed": 8}, mix="m2"),
        ev.TokensGenerated(gen=1, i=0, ids=(5,), text=("Fine.",), mix="m2"),
        ev.AnswerStopped(gen=1, reason="eos", tokens=1),
    )


def test_markdown_has_every_turn_every_change_at_its_token_and_what_repeats_it() -> None:
    text = export(talk(), "md", safe_text)
    head, branches = text.split("## Other branches")
    assert "> How is it?" in head
    assert "> Fine." in head
    assert branches.index("> It ") < branches.index("**◆ t 1 · FLIP loud**") < branches.index("> rains.")
    for line in ("torch 2.13", "model demo", "model dtype float32", "vector loud sha256 abc"):
        assert f"    {line}\n" in text
    assert "seed 7" in text


def test_chat_jsonl_has_a_line_per_branch_with_the_steering_beside_it() -> None:
    first, second = map(json.loads, export(talk(), "jsonl", safe_text).splitlines())
    assert first["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "How is it?"},
        {"role": "assistant", "content": "It rains."},
    ]
    assert second["messages"][-1] == {"role": "assistant", "content": "Fine."}
    steering = first["metadata"]["steering"][0]
    assert [event["at"] for event in steering["events"]] == [0, 1]
    assert first["metadata"]["vectors"] == {"loud": "abc"}


def test_csv_has_a_row_per_token_and_per_change() -> None:
    rows = list(csv.DictReader(io.StringIO(export(talk(), "csv", safe_text))))
    assert [(row["kind"], row["at"]) for row in rows if row["turn"] == "1"] == [
        ("mixer", "0"),
        ("token", "0"),
        ("mixer", "1"),
        ("token", "1"),
    ]
    tokens = [row for row in rows if row["kind"] == "token"]
    assert [(t["id"], t["text"], t["logprob"], t["mixer"], t["loud"]) for t in tokens[:2]] == [
        ("0", "It ", "-0.5", "m1", "0.0"),
        ("1", "rains.", "-0.25", "m2", "1.0"),
    ]


def test_the_film_takes_as_long_as_the_session_and_marks_the_changes() -> None:
    header, *frames = map(json.loads, export(talk(), "cast", safe_text).splitlines())
    assert header["version"] == 3
    shown = "".join(frame[2] for frame in frames if frame[1] == "o")
    assert "It " in shown
    assert sum(frame[0] for frame in frames) == pytest.approx(1.4)
    assert [frame[2] for frame in frames if frame[1] == "m"] == ["", "FLIP loud"]


class Tags(HTMLParser):
    """Every element and attribute of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.seen: list[tuple[str, set[str]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, {name for name, _ in attrs}))


def test_html_needs_nothing_else_and_colours_tokens_by_projection() -> None:
    page = export(talk(), "html", safe_text)
    assert 'title="+1">rains.</span>' in page
    assert "default-src 'none'" in page
    assert not any("src" in names or "href" in names for _, names in Tags(page).seen)


@pytest.mark.parametrize("form", FORMS)
def test_no_form_lets_a_hostile_model_through(form: str) -> None:
    text = export(talk((HOSTILE, "=1+1"), HOSTILE), form, safe_text)
    if form == "cast":
        text = "".join(json.loads(line)[2] for line in text.splitlines()[1:])
        for ours in ("\x1b[1m", "\x1b[2m", "\x1b[33m", "\x1b[0m"):
            text = text.replace(ours, "")
    for bad in ("\x1b", "\x9b", "\x07", "\u202e"):
        assert bad not in text
    if form == "html":
        assert {tag for tag, _ in Tags(text).seen}.isdisjoint({"script", "img", "a"})
    if form == "md":
        assert re.findall(r"(?<!\\)[<\]]", text) == []
    if form == "csv":
        assert not any(
            cell.startswith(("=", "+", "@")) for row in csv.reader(io.StringIO(text)) for cell in row
        )


def test_an_unknown_form_names_the_known_ones() -> None:
    with pytest.raises(UsageError, match="md, jsonl, html, csv, cast"):
        export(talk(), "docx", safe_text)


def recorded(root: Path, *said: str) -> None:
    journal, _ = Journal.create(root)
    journal.append(ev.SessionOpened(session=journal.session, app="0.1", wall="2026-11-20T11:45:58+00:00"))
    for k, text in enumerate(said):
        journal.append(ev.TurnAdded(turn=k, text=text))
    journal.close("done")


def test_the_index_lists_and_finds_sessions_and_notices_what_changed(tmp_path: Path) -> None:
    recorded(tmp_path / "s", "a walk by the river", "and the weather")
    recorded(tmp_path / "s", 'the weather in "May"')
    file = tmp_path / "index.db"
    index = SessionIndex(tmp_path / "s", file)
    assert [entry.title for entry in index.entries()] == ['the weather in "May"', "a walk by the river"]
    assert len(index.search("weather")) == 2
    assert [entry.turns for entry in index.search("weather river")] == [2]
    assert [entry.turns for entry in index.search('"may')] == [1]
    assert index.search("nowhere") == []
    folder = all_folders(tmp_path / "s")[-1]
    journal, _ = Journal.resume(folder)
    journal.append(ev.TurnAdded(turn=2, text="then snow"))
    journal.close("done")
    assert [entry.turns for entry in SessionIndex(tmp_path / "s", file).search("snow")] == [3]


def test_the_index_is_made_anew_when_it_is_damaged_or_gone(tmp_path: Path) -> None:
    recorded(tmp_path / "s", "hello")
    file = tmp_path / "index.db"
    before = SessionIndex(tmp_path / "s", file).entries()
    file.write_bytes(b"not a database" * 100)
    assert SessionIndex(tmp_path / "s", file).entries() == before
    file.unlink()
    assert SessionIndex(tmp_path / "s", file).entries() == before


def test_a_session_of_a_job_is_listed_by_the_job(tmp_path: Path) -> None:
    journal, _ = Journal.create(tmp_path / "s")
    params = {"contrast": "determined-drifting", "out": "/somewhere/far/d.safetensors", "seed": 3}
    journal.append(ev.JobChanged(job=1, kind="say", state="done", session="S2"))
    journal.append(ev.JobChanged(job=2, kind="extract", state="running", params=params))
    journal.append(ev.JobChanged(job=2, kind="extract", state="done"))
    journal.append(ev.JobChanged(job=3, kind="check", state="failed"))
    journal.close("done")
    index = SessionIndex(tmp_path / "s", tmp_path / "index.db")
    (entry,) = index.search("extract determined")
    assert (entry.turns, entry.jobs) == (0, "extract done, check failed")
    assert entry.title == "extract determined-drifting d.safetensors"
    records = read(all_folders(tmp_path / "s")[0].journal).records
    shown = export(records, "md", safe_text)
    assert "## Job 2 · extract · done\n\n    contrast=determined-drifting\n" in shown
    assert "job extract: done" in export(records, "cast", safe_text)


def test_an_index_of_another_version_is_begun_anew(tmp_path: Path) -> None:
    recorded(tmp_path / "s", "hello")
    file = tmp_path / "index.db"
    with closing(sqlite3.connect(file)) as base, base:
        base.execute("CREATE TABLE sessions (id TEXT, size INTEGER)")
    assert [entry.title for entry in SessionIndex(tmp_path / "s", file).entries()] == ["hello"]


def test_where_no_index_can_be_written_memory_has_to_do(tmp_path: Path) -> None:
    recorded(tmp_path / "s", "hello", "and snow")
    index = SessionIndex(tmp_path / "s", tmp_path / "nowhere" / "index.db")
    assert [entry.title for entry in index.search("snow")] == ["hello"]
    assert not (tmp_path / "nowhere").exists()


def test_half_a_surrogate_pair_hides_no_session(tmp_path: Path) -> None:
    recorded(tmp_path / "s", "before", "half \udcff of it")
    recorded(tmp_path / "s", "\ud83d")
    index = SessionIndex(tmp_path / "s", tmp_path / "index.db")
    assert [entry.title for entry in index.entries()] == ["?", "before"]
    assert [entry.title for entry in index.search("half")] == ["before"]
    assert index.search("\udcff nowhere") == []


def test_a_replay_keeps_the_pace_and_cuts_long_silences() -> None:
    slept: list[float] = []
    events = [
        JournalRecord(0, 0, ev.NoteAdded(text="a")),
        JournalRecord(1, 500, ev.NoteAdded(text="b")),
        JournalRecord(2, 10**7, ev.NoteAdded(text="c")),
    ]
    assert list(replay_paced(events, 2.0, slept.append)) == events
    assert slept == [0.25, 2.0]
    assert list(replay_paced(events, 0, pytest.fail)) == events


@pytest.mark.parametrize("stopped", [True, False])
def test_what_is_said_in_mid_answer_is_read_below_it(stopped: bool) -> None:
    early, first, late, second, stop = (
        ev.AnswerStarted(gen=0, turn=1),
        ev.TokensGenerated(gen=0, i=0, ids=(1,), text=("a",)),
        ev.TurnAdded(turn=2, parent=1, text="and?"),
        ev.TokensGenerated(gen=0, i=1, ids=(2,), text=("b",)),
        ev.AnswerStopped(gen=0, reason="eos", tokens=2),
    )
    end = [stop] if stopped else []
    told = [record.event for record in in_reading_order(records(early, first, late, second, *end))]
    assert told[-len(end) - 4 :] == [early, first, second, *end, late]


def test_a_token_that_grew_is_told_once() -> None:
    """The end of a cut character came after the token had been written."""
    events = (
        ev.AnswerStarted(gen=0, turn=1),
        ev.TokensGenerated(gen=0, i=0, ids=(1, 2), text=("a", " b")),
        ev.TokensGenerated(gen=0, i=1, ids=(2,), text=(" b\N{REPLACEMENT CHARACTER}",)),
        ev.AnswerStopped(gen=0, reason="cancel", tokens=2),
        ev.AnswerStarted(gen=1, turn=2),
        ev.TokensGenerated(gen=1, i=0, ids=(2,), text=(" b",)),
    )
    told = [
        record.event.text
        for record in in_reading_order(records(*events))
        if isinstance(record.event, ev.TokensGenerated)
    ]
    assert told == [("a", " b"), ("\N{REPLACEMENT CHARACTER}",), (" b",)]


EDITS: dict[str, Callable[[Mixer], Mixer]] = {
    "FLIP loud → −1.00 rel": lambda m: m.flip(0),
    "loud → −2.00 rel": lambda m: m.scale(0, -2),
    "loud → muted": lambda m: m.mute(0),
    "mixer → BYPASS": lambda m: m.bypass(),
    "loud → L2,4–5": lambda m: m.band(0, (5, 4, 2)),
    "loud → cap ≥ 0.5": lambda m: m.cap(0, floor=0.5),
    "loud → gain ×0": lambda m: m.gain(0, 0.0),
    "− loud": lambda m: m.remove(0),
    "+ soft +2 unit default band": lambda m: m.add(Channel(Vector("soft", {}, {}), scale=2, unit="unit")),
    "no change": lambda m: m,
}


@pytest.mark.parametrize("words", EDITS)
def test_a_change_at_the_desk_is_said_in_words(words: str) -> None:
    before = Mixer((Channel(LOUD, scale=1.0, layers=(1, 2, 3)),))
    after = EDITS[words](before)
    assert describe_change(before.to_json(), after.to_json()) == words
    assert (mix_hash(before.to_json()) == mix_hash(after.to_json())) == (words == "no change")


def test_a_desk_is_summed_up() -> None:
    desk = Mixer((Channel(LOUD, scale=1.0, layers=(1, 2, 3), ceiling=2.0, muted=True),)).bypass()
    assert mixer_summary(desk.to_json()) == "BYPASS · loud +1 relative L1–3 ceiling +2 mute"
    assert mixer_summary(Mixer().to_json()) == ""


def test_a_flipped_channel_reads_along_the_vector_as_it_was_loaded() -> None:
    loud = Channel(LOUD, scale=0.35, unit="natural", floor=0.5, flipped=True)
    assert mixer_summary(Mixer((loud,)).to_json()) == "loud -0.35 natural default band ceiling -0.5 flip"
    assert mixer_summary(Mixer((replace(loud, scale=0.0, floor="p25"),)).to_json()).startswith(
        "loud +0 natural default band ceiling -p25"
    )
    turned = Mixer((loud,)).scale(0, 0.6).to_json()
    assert describe_change(Mixer((loud,)).to_json(), turned) == "loud → −0.60 natural"
