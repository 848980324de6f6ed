"""The replay screen: plays a recorded session token by token above a timeline of its changes. Needs no
model.

It returns the id of a branch to continue with, or None.
"""

from __future__ import annotations

import asyncio
from time import monotonic

from rich.text import Text
from textual import events, on, work
from textual.app import ComposeResult
from textual.screen import Screen
from textual.widgets import Static

from core.errors import SteerError
from sessions.recorded.film import Playback
from sessions.recorded.index import SessionEntry
from steertui import commands
from steertui.screens.notices import ShowsNotices
from steertui.screens.past_sessions import past_items
from steertui.screens.sessions import exporting
from steertui.screens.sessions.playhead import Playhead
from steertui.screens.sessions.recorded import branch_session
from steertui.screens.sessions.verification import VerificationCard
from steertui.text import safe_text
from steertui.widgets.cover import Cover
from steertui.widgets.status.hints import Hints
from steertui.widgets.status.timeline import Timeline
from steertui.widgets.transcript.document import Item, TextPiece
from steertui.widgets.transcript.view import Transcript

FRAMES_S = 1 / 30
DIALS = 4
"""Most scale curves shown on the timeline; tab selects another channel."""


class ReplayScreen(ShowsNotices, Screen[str | None]):
    """Plays `film`: the transcript shows the text up to the playhead, the timeline shows everything."""

    CSS_PATH = "sessions.tcss"
    AUTO_FOCUS = "#said"
    BINDINGS = [*commands.key_bindings(commands.REPLAY)]
    PLACES = (commands.REPLAY,)
    TOPIC = "replay"
    HORIZONTAL_BREAKPOINTS = [(0, "-tiny"), (60, "-narrow"), (100, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-flat"), (16, "-short"), (30, "-tall")]

    def __init__(self, entry: SessionEntry, film: Playback, verification: VerificationCard) -> None:
        super().__init__()
        self._entry, self._film = entry, film
        self._verification = verification
        self._items = past_items(film.path)
        self._stops = item_stops(self._items)
        self._shown = 0
        self.head = Playhead(tuple(frame.gap for frame in film.frames))
        self.channel = next(iter(film.scales), "")

    def compose(self) -> ComposeResult:
        yield Static(Text(_title(self._entry, self._film)), id="title")
        yield self._verification
        yield Transcript(id="said")
        yield Timeline(id="timeline")
        yield Hints()
        yield Cover()

    def on_mount(self) -> None:
        self._timeline.styles.height = min(max(len(self._film.scales), 1), DIALS) + 5
        self._verification.set_session(self._entry)
        self.query_one(Hints).show(commands.place_hints(commands.REPLAY))
        fill_readings(self._transcript, self._film)
        self._last = monotonic()
        self.set_interval(FRAMES_S, self._tick)
        self.call_after_refresh(self._show)

    @property
    def _transcript(self) -> Transcript:
        return self.query_one(Transcript)

    @property
    def _timeline(self) -> Timeline:
        return self.query_one(Timeline)

    # Showing ---------------------------------------------------------------------------------------------------

    def _tick(self) -> None:
        now = monotonic()
        # Updated while paused as well, so that a pause is not made up for afterwards.
        passed, self._last = now - self._last, now
        if self.head.playing:
            self._set_playhead(self.head.after(passed))

    def _set_playhead(self, head: Playhead) -> None:
        # `saved` changes at every tick and is not visible.
        moved = (head.place, head.playing, head.speed) != (
            self.head.place,
            self.head.playing,
            self.head.speed,
        )
        self.head = head
        if moved:
            self._show()

    def _show(self) -> None:
        """Show the items up to the playhead; going back lays them out again."""
        stop = self._stops[self.head.place]
        if stop < self._shown:
            self._transcript.clear()
            self._shown = 0
        self._transcript.extend(self._items[self._shown : stop])
        self._shown = stop
        self._transcript.set_live(self.head.playing)
        self._timeline.show(self._film, self.head.place, self.channel)
        last = next((cut for cut in reversed(self._film.markers) if cut.place <= self.head.place), None)
        self._timeline.border_subtitle = Text(safe_text(last.words) if last else "")
        self._timeline.border_title = f"timeline · {self._playback_text}"
        begins = self._film and not self.head.place and not self.head.playing
        self._transcript.border_title = "transcript" + (" · space plays it" if begins else "")

    @property
    def _playback_text(self) -> str:
        """The playback state in words."""
        if self.head.playing:
            return f"playing ×{self.head.speed}"
        return f"paused ×{self.head.speed} · space plays" if self._film else "nothing to play"

    # Actions ---------------------------------------------------------------------------------------------------

    def action_play(self) -> None:
        self._set_playhead(self.head.toggled())

    def action_speed(self) -> None:
        self._set_playhead(self.head.faster())

    def action_step(self, change: int) -> None:
        self.seek(self.head.place + change)

    def action_seek(self, place: int) -> None:
        self.seek(len(self._film) if place < 0 else place)

    def action_jump(self, direction: int) -> None:
        """Go to the next change in this direction, if there is one."""
        places = sorted({cut.place for cut in self._film.markers}, reverse=direction < 0)
        beyond = (place for place in places if (place - self.head.place) * direction > 0)
        self.seek(next(beyond, self.head.place))

    def seek(self, place: int) -> None:
        """Go to a token and pause."""
        head = self.head.seek(place)
        self._set_playhead(head.toggled() if head.playing else head)

    def action_channel(self) -> None:
        labels = list(self._film.scales)
        if labels:
            self.channel = labels[(labels.index(self.channel) + 1) % len(labels)]
            self._transcript.tint.channel = self.channel
            self._transcript.notify_style_update()
            self._show()

    def action_heat(self) -> None:
        if self.channel:
            self._transcript.next_heat([self.channel], 0)

    @on(Timeline.Sought)
    def _seek_clicked(self, message: Timeline.Sought) -> None:
        self.seek(message.place)

    @work(group="branch", exclusive=True, exit_on_error=False)
    async def action_branch(self) -> None:
        if not self.head.place:
            self.warn("nothing to branch from yet: go forward one token first")
            return
        try:
            session = await asyncio.to_thread(
                branch_session, self._entry, *self._film.branch_point(self.head.place)
            )
        except (SteerError, OSError) as error:
            self.warn(str(error))
            return
        self.dismiss(session)

    def action_verify(self) -> None:
        self._verification.toggle()

    def action_export(self) -> None:
        exporting.open_export_dialog(self, self._entry)

    def action_back(self) -> None:
        self.dismiss(None)

    def on_resize(self, event: events.Resize) -> None:
        self._show()


def item_stops(items: list[Item]) -> list[int]:
    """For each number of played tokens, how many transcript items are shown."""
    generated = [place for place, item in enumerate(items) if isinstance(item, TextPiece) and item.index >= 0]
    # With k tokens played, everything before token k is shown, its markers included.
    return [*generated, len(items)]


def fill_readings(words: Transcript, film: Playback) -> None:
    """Add all projections of the recording, so that a token keeps its colour wherever the playhead is."""
    for frame in film.frames:
        for label, value in frame.token.proj.items():
            words.tint.readings[label].add(value)


def _title(entry: SessionEntry, film: Playback) -> str:
    changes = sum(cut.place > 0 for cut in film.markers)
    seeds = dict.fromkeys(str(turn.settings["seed"]) for turn in film.path if "seed" in turn.settings)
    counts = ((len(film.path), "turn"), (len(film), "token"), (changes, "change"))
    words = [entry.id[-6:], entry.model, *(f"{n} {what}{'s' * (n != 1)}" for n, what in counts)]
    if beside := entry.turns - len(film.path):
        words.append(f"{beside} turn{'s' * (beside != 1)} of other branches left out")
    if seeds:
        words.append(f"seed {', '.join(seeds)}")
    return safe_text("  ".join(words))
