"""The journal's promises: nothing acknowledged is lost, damage to the file is survived and said."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import BadInput, EngineUnavailable, UsageError
from sessions.journal import append_file
from sessions.journal import events as ev
from sessions.journal.codec import JournalRecord, decode, encode
from sessions.journal.folder import SessionFolder, all_folders, find_folder
from sessions.journal.journal import RING, Journal
from sessions.journal.reader import follow_journal, read, scan_journal
from tests.disks import files_no_larger_than


def notes(count: int) -> list[ev.NoteAdded]:
    return [ev.NoteAdded(text=f"note {k}") for k in range(count)]


def written(root: Path, count: int = 5) -> SessionFolder:
    journal, folder = Journal.create(root)
    for note in notes(count):
        journal.append(note)
    journal.close("done")
    return folder


def texts(records: tuple[JournalRecord, ...] | list[JournalRecord]) -> list[str]:
    return [r.event.text for r in records if isinstance(r.event, ev.NoteAdded)]


def test_what_is_appended_is_read_back_in_order(tmp_path: Path) -> None:
    folder = written(tmp_path)
    reading = read(folder.journal)
    assert [r.n for r in reading.records] == list(range(6))
    assert [r.event for r in reading.records] == [*notes(5), ev.SessionClosed(reason="done")]
    assert reading.damage_words() == ""


def test_folder_and_files_are_private(tmp_path: Path) -> None:
    folder = written(tmp_path)
    assert stat.S_IMODE(folder.path.stat().st_mode) == 0o700
    assert stat.S_IMODE(folder.journal.stat().st_mode) == 0o600


def test_an_event_is_in_the_file_before_anyone_hears_of_it(tmp_path: Path) -> None:
    journal, folder = Journal.create(tmp_path)
    on_disk: list[int] = []
    journal.listen(lambda record: on_disk.append(len(read(folder.journal).records) - record.n))
    for note in notes(3):
        journal.append(note)
    assert on_disk == [1, 1, 1]
    journal.close("done")


def test_every_truncation_opens_and_loses_only_what_was_cut(tmp_path: Path) -> None:
    data = written(tmp_path / "whole").journal.read_bytes()
    ends = [k + 1 for k, byte in enumerate(data) if byte == 10]
    for size in range(len(data) + 1):
        folder = SessionFolder(tmp_path / str(size))
        folder.path.mkdir()
        folder.journal.write_bytes(data[:size])
        whole = sum(end <= size for end in ends)
        torn = size - max([0, *(end for end in ends if end <= size)])
        assert len(read(folder.journal).records) == whole
        journal, reading = Journal.resume(folder)
        assert (len(reading.records), reading.torn) == (whole, torn)
        again = journal.append(ev.NoteAdded(text="after"))
        journal.close("again")
        kept = list(folder.path.glob("journal.torn-*"))
        assert [k.stat().st_size for k in kept] == ([torn] if torn else [])
        assert again.n == whole + bool(torn)
        assert read(folder.journal).damage_words() == ""


def test_a_bad_middle_line_is_passed_over_and_reported(tmp_path: Path) -> None:
    folder = written(tmp_path)
    lines = folder.journal.read_bytes().splitlines(keepends=True)
    lines[2] = lines[2].replace(b"note", b"nope")
    folder.journal.write_bytes(b"".join(lines))
    reading = read(folder.journal)
    assert [r.n for r in reading.records] == [0, 1, 3, 4, 5]
    assert reading.damage_words() == "1 records unreadable (seq 2–2)"


@given(at=st.integers(0, 400), count=st.integers(1, 200))
@settings(max_examples=60, deadline=None)
def test_a_run_of_nul_bytes_costs_only_the_lines_it_hits(at: int, count: int) -> None:
    lines = [encode(JournalRecord(n, 0, note)) for n, note in enumerate(notes(6))]
    data = bytearray(b"".join(lines))
    at %= len(data)
    data[at : at + count] = bytes(len(data[at : at + count]))
    intact = {n for n, line in enumerate(lines) if line in bytes(data)}
    assert intact <= {record.n for record in scan_journal(bytes(data)).records} <= set(range(6))


def test_a_line_glued_to_a_torn_one_is_still_read() -> None:
    first, second, third = (encode(JournalRecord(n, 0, note)) for n, note in enumerate(notes(3)))
    reading = scan_journal(first + second[:20] + third)
    assert [r.n for r in reading.records] == [0, 2]
    assert reading.damage_words() == "1 records unreadable (seq 1–1)"
    start, length = reading.spans[1]
    assert (first + second[:20] + third)[start : start + length] == third


def test_a_duplicated_tail_is_read_once(tmp_path: Path) -> None:
    folder = written(tmp_path)
    lines = folder.journal.read_bytes().splitlines(keepends=True)
    folder.journal.write_bytes(b"".join(lines + lines[-3:]))
    reading = read(folder.journal)
    assert [r.n for r in reading.records] == list(range(6))
    assert reading.damage_words() == "3 records twice"


def test_an_appended_block_of_nuls_is_a_torn_tail(tmp_path: Path) -> None:
    folder = written(tmp_path)
    with folder.journal.open("ab") as file:
        file.write(bytes(4096))
    journal, reading = Journal.resume(folder)
    assert reading.torn == 4096
    journal.close("again")
    assert b"\0" not in folder.journal.read_bytes()
    repair = read(folder.journal).records[6].event
    assert repair == ev.JournalRepaired(torn_bytes=4096, kept="journal.torn-0")


def test_two_writers_cannot_hold_one_session(tmp_path: Path) -> None:
    journal, folder = Journal.create(tmp_path)
    with pytest.raises(EngineUnavailable, match=f"process {os.getpid()}"):
        Journal.resume(folder)
    journal.close("done")
    Journal.resume(folder)[0].close("again")


def test_reading_never_writes(tmp_path: Path) -> None:
    folder = written(tmp_path)
    folder.journal.write_bytes(folder.journal.read_bytes() + b"torn")
    before = folder.journal.read_bytes()
    read(folder.journal)
    assert folder.journal.read_bytes() == before


def test_a_journal_from_the_future_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_bytes(encode(JournalRecord(0, 0, ev.SessionOpened(session="x", app="9", wall="", schema=3))))
    with pytest.raises(BadInput, match="written by newer version 3"):
        read(path)


def test_resumed_numbers_go_on(tmp_path: Path) -> None:
    folder = written(tmp_path)
    journal, _ = Journal.resume(folder)
    assert journal.append(ev.NoteAdded(text="more")).n == 6
    assert [n for since in (-1, 5) for n, _ in journal.lines(since)] == list(range(7))
    journal.close("done")


def test_lines_come_from_the_ring_or_from_the_file(tmp_path: Path) -> None:
    journal, _ = Journal.create(tmp_path)
    count = RING + 500
    for note in notes(count):
        journal.append(note)
    seen, since = [], -1
    while batch := journal.lines(since):
        seen += [decode(line).n for _, line in batch]
        since = seen[-1]
    assert seen == list(range(count))
    journal.close("done")


def test_many_threads_append_without_a_hole(tmp_path: Path) -> None:
    journal, folder = Journal.create(tmp_path)
    threads = [threading.Thread(target=lambda: [journal.append(n) for n in notes(200)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    journal.close("done")
    assert [r.n for r in read(folder.journal).records] == list(range(801))


def test_follow_yields_what_another_hand_writes(tmp_path: Path) -> None:
    journal, folder = Journal.create(tmp_path)
    rest = iter([*notes(3), None])

    def step() -> None:
        note = next(rest)
        journal.append(note) if note else journal.close("done")

    assert texts(list(follow_journal(folder.journal, wait=step))) == ["note 0", "note 1", "note 2"]


def test_a_full_disk_pauses_the_recording_and_the_gap_counts_what_was_lost(tmp_path: Path) -> None:
    journal, folder = Journal.create(tmp_path)
    heard: list[JournalRecord] = []
    journal.listen(heard.append)
    for note in notes(3):
        journal.append(note)
    with files_no_larger_than(folder.journal.stat().st_size + 20):
        for note in notes(4):
            journal.append(note)
        assert not journal.recording
    journal.append(ev.NoteAdded(text="room again"))
    assert journal.recording
    journal.close("done")
    assert [r.n for r in heard] == list(range(11))
    assert [r.event.code for r in heard if isinstance(r.event, ev.ErrorReported)] == ["recording"]
    reading = read(folder.journal)
    assert reading.damage_words() == ""
    gap = next(r.event for r in reading.records if isinstance(r.event, ev.RecordingGap))
    assert (gap.lost, gap.first, gap.last) == (5, 3, 7)
    assert texts(reading.records)[-1] == "room again"


def test_an_event_that_no_line_holds_is_refused_and_the_next_one_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sessions.journal.journal.LINE_LIMIT", 200)
    journal, folder = Journal.create(tmp_path)
    with pytest.raises(UsageError, match="more than one line of a journal holds"):
        journal.append(ev.NoteAdded(text="x" * 200))
    journal.append(ev.NoteAdded(text="short"))
    journal.close("done")
    assert [r.n for r in read(folder.journal).records] == [0, 1]


def test_the_last_word_fits_even_when_nothing_else_did(tmp_path: Path) -> None:
    journal, folder = Journal.create(tmp_path)
    journal.append(notes(1)[0])
    with files_no_larger_than(folder.journal.stat().st_size):
        journal.append(ev.NoteAdded(text="lost"))
    journal.close("done")
    assert [r.event.t for r in read(folder.journal).records] == ["note", "gap", "close"]


def test_without_a_disk_everything_is_still_handed_on() -> None:
    journal = Journal.unrecorded()
    for note in notes(RING + 10):
        journal.append(note)
    assert len(journal.lines(-1, most=RING * 2)) == RING + 10
    assert not journal.recording


def test_sessions_are_found_by_part_of_their_name(tmp_path: Path) -> None:
    first, second = written(tmp_path), written(tmp_path)
    assert all_folders(tmp_path) == sorted([first, second], key=lambda f: f.id, reverse=True)
    assert find_folder(tmp_path, first.id[-8:].lower()) == first
    with pytest.raises(BadInput, match="there is no session 'nope'"):
        find_folder(tmp_path, "nope")
    with pytest.raises(BadInput, match="matches 2 sessions"):
        find_folder(tmp_path, first.id[:3])


WRITER = """
    import sys
    from pathlib import Path
    from sessions.journal.events import NoteAdded
    from sessions.journal.journal import Journal
    journal, folder = Journal.create(Path(sys.argv[1]))
    for k in range(10**6):
        record = journal.append(NoteAdded(text=f"note {k}"))
        sys.stdout.write(f"{record.n}\\n")
        sys.stdout.flush()
"""


def test_kill_9_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    for moment in range(6):
        root = tmp_path / str(moment)
        command = [sys.executable, "-c", textwrap.dedent(WRITER), str(root)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as child:
            assert child.stdout is not None
            acked = [int(child.stdout.readline()) for _ in range(1 + 37 * moment)]
            child.kill()
            acked += [int(line) for line in child.stdout.read().split(b"\n")[:-1]]
        journal, reading = Journal.resume(all_folders(root)[0])
        journal.close("recovered")
        assert [r.n for r in reading.records][: len(acked)] == acked


def test_a_line_may_contain_what_lines_begin_with() -> None:
    report = ev.JobChanged(job=1, kind="check", state="done", event={"control": {"n": 100}})
    line = encode(JournalRecord(0, 0, report))
    torn = line[:-20]
    for data, skipped in ((line, 0), (torn + line, len(torn))):
        reading = scan_journal(data)
        assert [record.event for record in reading.records] == [report]
        assert reading.spans == ((skipped, len(line)),)


def test_a_clock_that_is_set_back_changes_neither_order_nor_intervals(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal, folder = Journal.create(tmp_path)
    journal.append(ev.NoteAdded(text="today"))
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() - 86_400)
    monkeypatch.setattr(time, "time_ns", lambda: int((real() - 86_400) * 1e9))
    journal.append(ev.NoteAdded(text="yesterday"))
    journal.close("done")
    records = read(folder.journal).records
    assert texts(records) == ["today", "yesterday"]
    assert all(0 <= record.m < 60_000 for record in records)


@pytest.fixture
def flushed(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Set by every flush of a file to the disk."""
    found, flush = threading.Event(), os.fdatasync

    def counted(file: int) -> None:
        flush(file)
        found.set()

    monkeypatch.setattr(os, "fdatasync", counted)
    return found


def test_the_end_of_a_turn_is_flushed_to_the_disk_at_once(
    tmp_path: Path, flushed: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(append_file, "SYNC_S", 3600.0)
    journal, _ = Journal.create(tmp_path)
    journal.append(ev.NoteAdded(text="no hurry"))
    assert not flushed.wait(0.2)
    journal.append(ev.AnswerStopped(gen=0, reason="eos", tokens=1))
    assert flushed.wait(30)
    journal.close("done")


def test_what_is_not_urgent_is_flushed_a_little_later(
    tmp_path: Path, flushed: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert append_file.SYNC_S <= 1
    monkeypatch.setattr(append_file, "SYNC_S", 0.01)
    journal, _ = Journal.create(tmp_path)
    for note in notes(2):
        flushed.clear()
        journal.append(note)
        assert flushed.wait(30)
    journal.close("done")
