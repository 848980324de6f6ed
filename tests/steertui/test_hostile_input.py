"""Hostile input at the command line and the socket: each a sentence, each with its exit code."""

from __future__ import annotations

import csv
import io
import json
import logging
import os
import re
import socket
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from pathlib import Path

import pytest

from sessions.export import FORMS, export
from sessions.export.cast import AMBER, BOLD, DIM, PLAIN
from sessions.journal import events as ev
from sessions.journal.codec import JournalRecord, decode, encode
from sessions.journal.folder import SessionFolder, find_folder
from sessions.journal.journal import Journal
from steertui import paths
from steertui.cli import main
from steertui.cli.output.printing import AnswerPrinter
from steertui.engine import protocol
from steertui.engine.inline import InlineEngine
from steertui.engine.process import EngineProcess
from steertui.engine.sockets import EngineSocket
from steertui.text import safe_text
from tests.sessions.scripted import Studio
from tests.steertui.hostile import EVERY_HOSTILE, talks_to_terminal

Said = pytest.CaptureFixture[str]


class Tty(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_words_of_a_model_are_harmless_on_a_terminal_and_whole_in_a_pipe() -> None:
    for stream, harmless in ((Tty(), True), (io.StringIO(), False)):
        printer = AnswerPrinter(stream)
        for char in EVERY_HOSTILE.replace("\ud800", ""):
            printer.write(char)
        assert talks_to_terminal(stream.getvalue()) is not harmless


def test_a_prompt_of_megabytes_is_counted_and_refused(
    tiny: Path, capsys: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"word " * 100_000)))
    assert main.main(["say", "-", "--model", str(tiny), "--raw"]) == 2
    assert re.search(r"prompt is \d+ tokens, limit 512", capsys.readouterr().err)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"word " * 1_000_000)))
    assert main.main(["say", "-", "--model", str(tiny)]) == 2
    assert "5000" in capsys.readouterr().err


# The journal -----------------------------------------------------------------------------------------------


def journal() -> SessionFolder:
    """Three turns and their end."""
    kept, folder = Journal.create(paths.sessions_folder())
    kept.append(ev.SessionOpened(session=folder.id, app="0.1", wall="2026-11-20T11:45:58+00:00"))
    for text in ("one", "two", "three"):
        kept.append(ev.TurnAdded(turn=len(text), text=text))
    kept.close("done")
    return folder


def damaged(kind: str, data: bytes) -> bytes:
    lines = data.splitlines(keepends=True)
    return {
        "torn": data[:-20],
        "nul": b"".join([*lines[:2], bytes(64) + b"\n", *lines[3:]]),
        "crc": data.replace(b'"two"', b'"owt"'),
        "twice": data + lines[-1],
    }[kind]


REPORTS = {
    "torn": r"\d+ bytes of an unfinished record at the end",
    "nul": r"1 records unreadable \(seq 2–2\)",
    "crc": r"1 records unreadable \(seq 2–2\)",
    "twice": "1 records twice",
}


@pytest.mark.parametrize("kind", REPORTS)
def test_a_damaged_journal_is_read_reported_and_left_as_it_is(kind: str, capsys: Said) -> None:
    folder = journal()
    bad = damaged(kind, folder.journal.read_bytes())
    folder.journal.write_bytes(bad)
    assert main.main(["sessions", "show", "last"]) == 0
    out, err = capsys.readouterr()
    assert "one" in out
    assert re.fullmatch(f"steertui: {REPORTS[kind]}\n", err)
    assert folder.journal.read_bytes() == bad
    assert main.main(["sessions", "list"]) == 0
    assert re.search(REPORTS[kind], capsys.readouterr().out)


def test_a_journal_of_a_newer_version_is_refused_by_its_number(capsys: Said) -> None:
    folder = journal()
    folder.journal.write_bytes(
        encode(JournalRecord(0, 0, ev.SessionOpened(session="x", app="9", wall="", schema=3)))
    )
    for verb in (["show"], ["replay"], ["verify"], ["export", "--to", "md"], ["branch", "--at", "0"]):
        assert main.main(["sessions", verb[0], "last", *verb[1:]]) == 4
        assert "written by newer version 3" in capsys.readouterr().err
    assert main.main(["sessions", "list"]) == 0
    assert "written by newer version 3" in capsys.readouterr().out


def test_a_vector_that_is_not_on_the_disk_is_named(tiny: Path, push: Path, capsys: Said) -> None:
    words = ["say", "hello", "--model", str(tiny), "--raw", "--max-new", "3", "--vector", f"{push}:2"]
    assert main.main(words) == 0
    for copy in find_folder(paths.sessions_folder(), "last").vectors.iterdir():
        copy.unlink()
    assert main.main(["sessions", "verify", "last"]) == 4
    assert re.search(r"vector [0-9a-f]{12}… missing", capsys.readouterr().err)
    assert main.main(["sessions", "replay", "last", "--speed", "0"]) == 0


# Rows 56 to 58: the socket -----------------------------------------------------------------------------------------


@contextmanager
def engine(door: EngineSocket) -> Iterator[InlineEngine]:
    with InlineEngine(EngineProcess(door, Studio(), None, "scripted")) as running:
        yield running


@pytest.mark.parametrize("kind", ["link", "file", "stale", "long", "foreign"])
def test_a_socket_that_is_not_ours_is_refused_with_five(kind: str, tmp_path: Path, capsys: Said) -> None:
    path = tmp_path / ("x" * 120 if kind == "long" else "a.sock")
    if kind == "link":
        path.symlink_to(tmp_path / "elsewhere")
    elif kind == "file":
        path.touch()
    elif kind != "long":
        with socket.socket(socket.AF_UNIX) as door:
            door.bind(str(path))
    if kind == "foreign":
        if os.getuid() != 0:
            pytest.skip("only root can give a file to somebody else")
        os.chown(path, 1001, -1)
    sentence = {
        "link": "is a symbolic link",
        "file": "is not a socket",
        "stale": "no engine answers at",
        "long": "no engine answers at",
        "foreign": "belongs to uid 1001",
    }[kind]
    assert main.main(["attach", "--socket", str(path)]) == 5
    assert sentence in capsys.readouterr().err


def test_a_folder_too_deep_for_a_socket_names_the_variable(
    tmp_path: Path, capsys: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = tmp_path / ("x" * 100)
    deep.mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(deep))
    assert main.main(["engine"]) == 5
    err = capsys.readouterr().err
    assert "is longer than 107 bytes" in err
    assert "set XDG_RUNTIME_DIR" in err


def test_whatever_comes_in_one_frame_only_its_client_goes() -> None:
    """Each kind of frame has its test in tests/steertui/engine/test_server.py; here they come all at once."""
    frames = [b"\x00" * 64 + b"\n", b"{}\n", b"[]\n", b'{"proto":99,"min":99}\n', b"x" * (2 << 20) + b"\n"]
    with engine(EngineSocket(paths.runtime_folder(), "rows")) as running:

        def throw(frame: bytes) -> None:
            with socket.socket(socket.AF_UNIX) as line:
                line.settimeout(10)
                line.connect(str(running.path))
                line.sendall(frame)
                answers.append(json.loads(line.makefile("rb").readline())["err"]["code"])

        answers: list[str] = []
        threads = [threading.Thread(target=throw, args=(frame,)) for frame in frames * 4]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(answers) == sorted(["bad_json", "bad_hello", "bad_frame", "bad_proto", "too_long"] * 4)
        with socket.socket(socket.AF_UNIX) as line:
            line.connect(str(running.path))
            line.sendall(protocol.greeting_frame(protocol.Hello(role="probe")))
            assert json.loads(line.makefile("rb").readline())["model"] == "scripted"


@pytest.mark.skipif(os.getuid() != 0, reason="only root can be somebody else for a moment")
def test_a_peer_of_another_user_is_refused_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    """The folder's rights would have kept it out; here they are taken away, and the kernel's word is left."""
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o755)
        with caplog.at_level(logging.WARNING), engine(EngineSocket(Path(place), "open")) as running:
            running.path.chmod(0o666)
            mine, theirs = os.pipe()
            if (child := os.fork()) == 0:
                _ask_as(1001, str(running.path), theirs)
            os.close(theirs)
            answer = os.fdopen(mine, "rb").read()
            os.waitpid(child, 0)
    assert json.loads(answer)["err"] == {
        "code": "foreign_user",
        "exit": 2,
        "msg": "this engine belongs to uid 0",
    }
    assert "of uid 1001" in caplog.text


def _ask_as(uid: int, path: str, answer: int) -> None:
    """In a child of its own, which never returns."""
    try:
        os.setresuid(uid, uid, uid)
        line = socket.socket(socket.AF_UNIX)
        line.connect(path)
        os.write(answer, line.recv(1 << 16))
    finally:
        os._exit(0)


# Rows 65 and 66: what is exported -----------------------------------------------------------------------------------


EVIL = '</script><img src=x onerror="alert(1)">\x1b]52;c;b3duZWQ=\x07\x9b2J'
SUM = '=HYPERLINK("http://evil","x")'


def hostile() -> tuple[JournalRecord, ...]:
    """A journal somebody sent: every field that can hold words holds these, and so do two numbers."""
    events = (
        ev.SessionOpened(session=EVIL, app=EVIL, wall=EVIL, versions={EVIL: EVIL}),
        ev.ModelChanged(state="ready", name=EVIL, facts={"dtype": EVIL}),
        ev.VectorChanged(name=EVIL, sha256=EVIL),
        ev.TurnAdded(turn=0, role=EVIL, text=EVIL),
        ev.AnswerStarted(gen=0, turn=1, parent=0, settings={"system": EVIL, EVIL: EVIL}),
        ev.TokensGenerated(gen=0, i=0, ids=(1, 2), text=(EVIL, SUM), lp=(-1.0, -1.0)),
        ev.MixerChanged(rev=1, state={}, mix=EVIL, gen=0, at=1, words=SUM),
        ev.TextInjected(text=EVIL, how=EVIL, gen=0, at=1),
        ev.NoteAdded(text=EVIL, gen=0, at=1),
        ev.MeterReadings(gen=0, i=0, proj={EVIL: (1.0, -1.0)}),
        ev.AnswerStopped(gen=0, reason=EVIL, tokens=2, message=EVIL),
        ev.TurnAdded(turn=EVIL, parent=1, text=EVIL),  # type: ignore[arg-type]
        ev.AnswerStopped(gen=0, reason="eos", tokens=EVIL),  # type: ignore[arg-type]
    )
    return tuple(decode(encode(JournalRecord(n, 0, event))) for n, event in enumerate(events))


class Tags(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.seen: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        assert not any(name.startswith("on") or name == "src" for name, _ in attrs)


def test_a_page_of_a_hostile_journal_holds_no_tag_but_its_own() -> None:
    page = export(hostile(), "html", safe_text)
    own = {"html", "head", "meta", "title", "style", "body", "h1", "h2", "p", "div", "span", "br", "footer"}
    assert Tags(page).seen <= own
    assert "default-src 'none'" in page
    assert "<script" not in page


@pytest.mark.parametrize("form", FORMS)
def test_no_form_of_a_hostile_journal_speaks_to_a_terminal(form: str) -> None:
    text = export(hostile(), form, safe_text)
    if form == "cast":
        text = "".join(json.loads(line)[2] for line in text.splitlines()[1:]).replace("\r", "")
        for ours in (BOLD, DIM, AMBER, PLAIN):
            text = text.replace(ours, "")
    assert not talks_to_terminal(text)
    assert "script" in text
    if form == "md":
        assert re.findall(r"(?<!\\)[<\]]", text.partition("## To repeat this")[0]) == []


def test_a_line_with_a_number_that_is_none_is_of_an_unknown_kind() -> None:
    kept = [record.event for record in hostile()[-2:]]
    assert [event.kind for event in kept if isinstance(event, ev.UnknownEvent)] == ["turn", "stop"]


def test_no_cell_is_a_formula() -> None:
    table = export(hostile(), "csv", safe_text)
    cells = [cell for row in csv.reader(io.StringIO(table)) for cell in row]
    assert f"'{SUM}" in cells
    assert not [cell for cell in cells if re.match(r"[=@\t\r]|[+-](?![\d.]+$)", cell)]
