"""A user at the real app: keys go into a real terminal, and what came of them is on its screen and in the journal."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import dropwhile, takewhile
from typing import Any

import pytest

from sessions.journal import events as ev
from sessions.journal.codec import JournalRecord
from sessions.journal.folder import all_folders
from sessions.journal.reader import read
from sessions.state.fold import fold_all
from sessions.state.state import SessionState, Turn
from steertui import paths
from steertui.engine.launch import RunningEngine, find_engines
from tests.steertui.app.terminal import SIZE, Terminal, terminal

ESC, TAB, ENTER, BACKSPACE = b"\x1b", b"\t", b"\r", b"\x7f"
UP, DOWN, RIGHT, LEFT, HOME, END = (b"\x1b[" + letter for letter in (b"A", b"B", b"C", b"D", b"H", b"F"))
F2, F3, F4, F5, F6 = b"\x1bOQ", b"\x1bOR", b"\x1bOS", b"\x1b[15~", b"\x1b[17~"
CTRL_E, CTRL_Q, CTRL_R, CTRL_U, CTRL_Y = b"\x05", b"\x11", b"\x12", b"\x15", b"\x19"
FAST, SLOW = 0, 2
CURSOR = "▌"
ASKED = "Help me with the parser."


class Walk:
    """The hands and the eyes of one test."""

    def __init__(self, at: Terminal) -> None:
        self.at = at
        self._sent: int | None = None
        self._seen: tuple[str, int] | None = None
        self._records: tuple[JournalRecord, ...] = ()
        self._state = SessionState()

    # The screen ----------------------------------------------------------------------------------------------------

    def sees(self, *texts: str, seconds: float = 300) -> None:
        self.at.until(lambda: all(text in self.at.text for text in texts), seconds)

    def reads(self, *texts: str) -> None:
        """These stand in the transcript, wherever its lines break."""
        self.at.until(lambda: all(text in self.page for text in texts))

    def press(self, *keys: bytes | str) -> None:
        for key in keys:
            self.at.press(key.encode() if isinstance(key, str) else key)

    def types(self) -> None:
        """To the prompt, once the desk has settled in one of its modes."""
        if "PLAY" in self.at.rows[0]:
            self.press("i")
        self.at.until(lambda: " TYPE " in self.at.rows[0])

    def plays(self) -> None:
        """To the keys."""
        if "TYPE" in self.at.rows[0]:
            self.press(TAB)
        self.at.until(lambda: " PLAY " in self.at.rows[0])

    def moves(self, key: bytes, label: str) -> None:
        """To the line of a form that has this label, which lights up when it is there."""
        before = self._colour(label)
        self.press(key)
        self.at.until(lambda: self._colour(label) != before)

    def _colour(self, text: str) -> str:
        row, column = next((n, row.index(text)) for n, row in enumerate(self.at.rows) if text in row)
        return str(self.at.screen.buffer[row][column].fg)

    @property
    def page(self) -> str:
        """The words of the transcript's column, without its frame and its line breaks."""
        below = dropwhile(lambda row: "─ transcript" not in row, self.at.rows)
        rows = takewhile(lambda row: row.startswith("│"), [*below][1:])
        return " ".join(" ".join(row.split("│")[1] for row in rows).split())

    # The journal ---------------------------------------------------------------------------------------------------

    @property
    def records(self) -> tuple[JournalRecord, ...]:
        self._look()
        return self._records

    @property
    def state(self) -> SessionState:
        self._look()
        return self._state

    def _look(self) -> None:
        """A journal that has not grown is not read again."""
        folders = all_folders(paths.sessions_folder())
        seen = (folders[0].id, folders[0].journal.stat().st_size) if folders else None
        if folders and seen != self._seen:
            self._seen, self._records = seen, read(folders[0].journal).records
            self._state = fold_all(self._records)

    def events(self, kind: type[Any]) -> list[Any]:
        return [record.event for record in self.records if isinstance(record.event, kind)]

    @property
    def mixer(self) -> ev.MixerChanged:
        """The newest."""
        return self.events(ev.MixerChanged)[-1]  # type: ignore[no-any-return]

    @property
    def channel(self) -> dict[str, Any]:
        """The first strip, as the newest mixer has it."""
        return dict(self.mixer.state["channels"][0])

    def turned(self, true: Callable[[dict[str, Any]], object]) -> None:
        """The journal has a mixer whose first strip is like this."""
        self.at.until(
            lambda: any(e.state["channels"] for e in self.events(ev.MixerChanged)) and true(self.channel)
        )

    # The talk ------------------------------------------------------------------------------------------------------

    def ready(self) -> None:
        self.sees("IDLE")

    def says(self, text: str = ASKED) -> int:
        """Types it and sends it, and waits until its answer has begun; the number of that answer."""
        before = len(self.events(ev.AnswerStarted))
        self.types()
        self._sent = len(self.at.raw)
        self.press(text, ENTER)
        return self._begun(before)

    def paces(self, tokens: int) -> None:
        """So many tokens a second from the next answer on: slow enough for a hand on a busy machine, or 0."""
        self.types()
        self.press(f"/tempo {tokens}", ENTER)
        self.sees("speed of the next answers", "Say something to the model")

    def again(self) -> int:
        before = len(self.events(ev.AnswerStarted))
        self.plays()
        self._sent = None
        self.press("r")
        return self._begun(before)

    def _begun(self, before: int) -> int:
        self.at.until(lambda: len(self.events(ev.AnswerStarted)) > before)
        return int(self.events(ev.AnswerStarted)[-1].gen)

    def turn(self, gen: int) -> Turn:
        return next(turn for turn in self.state.turns.values() if turn.gen == gen)

    def spoke(self, gen: int, tokens: int) -> None:
        """So many tokens of the answer are in the journal, and it goes on."""
        self.at.until(lambda: len(self.turn(gen).tokens) >= tokens)
        assert not self.turn(gen).stop, "the answer was over before a hand could move"

    def ended(self, gen: int) -> str:
        """The whole answer, once all of it is on the page too."""
        self.at.until(lambda: self.turn(gen).stop)
        self.ready()
        self.at.until(self._settled)
        self.at.until(lambda: CURSOR not in self.page)
        return " ".join(self.turn(gen).text.split())

    def _settled(self) -> bool:
        """An answer to what was typed takes the keys to PLAY, and gives them back a moment after its end."""
        drawn = self.at.raw[self._sent or 0 :]
        return self._sent is None or 0 <= drawn.find(b" PLAY \x1b") < drawn.rfind(b" TYPE \x1b")

    def loads_a_vector_and_raises_it(self) -> None:
        self.plays()
        self.press("a")
        self.sees("add a vector  ", "path of a file")
        self.press(ENTER)
        self.turned(lambda strip: strip["name"] == "determined-drifting")
        self.sees("1 determined", f"{self.channel['scale']:+.2f} natural")
        louder = self.channel["scale"] + 2 * 0.1
        self.press("]", "]")
        self.turned(lambda strip: strip["scale"] == pytest.approx(louder))
        self.sees(f"{louder:+.2f} natural")
        (vector,) = self.events(ev.VectorChanged)
        assert self.channel["sha256"] == vector.sha256

    @property
    def engine(self) -> RunningEngine:
        (found,) = find_engines()
        return found


@contextmanager
def walk(
    *words: str,
    size: tuple[int, int] = SIZE,
    environment: Mapping[str, str] | None = None,
    kind: type[Terminal] = Terminal,
) -> Iterator[Walk]:
    """`steertui` with these words, as from a shell."""
    with terminal("-m", "steertui", *words, size=size, environment=environment, kind=kind) as at:
        yield Walk(at)
