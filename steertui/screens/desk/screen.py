"""The desk screen: transcript, mixer panel and prompt.

The engine owns the session. An edit of the mixer is sent as desired state and comes back as an event.
Each frame processes all events received since the last one and paints once.
"""

from __future__ import annotations

from collections.abc import Coroutine
from pathlib import Path
from typing import Any, Self

from textual import events, on, work
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.geometry import Size
from textual.screen import Screen
from textual.widgets import Static

from core.errors import SteerError
from core.mixer.mixer import Mixer
from sessions.journal import events as ev
from sessions.journal.codec import JournalRecord
from sessions.state.vector_facts import rebuild_mixer
from steertui import commands, promptlog
from steertui.cli.options.flags import parse_detach_limit
from steertui.config import Settings
from steertui.screens.connection import EngineLink
from steertui.screens.desk import first_page
from steertui.screens.desk.commands import slash_commands
from steertui.screens.desk.commands.actions import ACTIONS
from steertui.screens.desk.composer import Composer
from steertui.screens.desk.key_modes import KeyModes
from steertui.screens.desk.mixer_panel import MixerPanel
from steertui.screens.desk.repaint_limiter import RepaintLimiter
from steertui.screens.desk.status_line import desk_status
from steertui.screens.desk.token_rate import TokenRate
from steertui.screens.desk.tour import Tour
from steertui.screens.desk.transcript_feed import TranscriptFeed
from steertui.screens.desk.transcript_panel import TranscriptPanel
from steertui.screens.jobs.job_list import JobReports
from steertui.screens.palette import DESK
from steertui.terminal.lag import TerminalLag
from steertui.text import safe_text
from steertui.widgets import glyphs
from steertui.widgets.completions import Completions
from steertui.widgets.cover import Cover
from steertui.widgets.prompt import PromptInput
from steertui.widgets.status.hints import Hints
from steertui.widgets.status.status import StatusLine

MEANWHILE = "the engine goes on; esc stops, space pauses, f flips"
ELSEWHERE = "Another engine answers now. It does not know the conversation above; the mixer is the same."
LOST = "The engine is gone; the transcript is safe. ctrl+r starts it again with this mixer."


class DeskScreen(Screen[None]):
    """The main screen (F2)."""

    CSS_PATH = "desk.tcss"
    BINDINGS = [*commands.key_bindings(commands.BOTH, commands.PLAY), *commands.STRIP_KEYS]
    HORIZONTAL_BREAKPOINTS = [(0, "-tiny"), (60, "-narrow"), (100, "-medium"), (140, "-wide")]
    PLACES = DESK
    BESIDE = (commands.TRANSCRIPT,)
    TOPIC = "desk"
    AUTO_FOCUS = "#prompt"
    VERTICAL_BREAKPOINTS = [(0, "-flat"), (16, "-short"), (30, "-tall"), (38, "-high")]

    def __init__(self, model: str, socket: Path | None, settings: Settings, *, inline: bool = False) -> None:
        super().__init__()
        self.inline = inline
        self.lag = TerminalLag()
        self.link = EngineLink(model, socket, self.warn, on_detach=parse_detach_limit(settings.on_detach))
        self.rev = -1
        self.pace, self.tempo, self.ledger = TokenRate(), RepaintLimiter(), JobReports()
        self._measured = self._styled = False
        self.looked_at = ""
        self.page: TranscriptPanel = TranscriptPanel(lambda: self.link.state, id="page")
        self.transcript, self.prompt = self.page.transcript, PromptInput(id="prompt")
        self.coach = Tour(model, id="coach")
        self.menu = self.prompt.menu = Completions(
            slash_commands.suggest_commands, slash_commands.complete_command, id="menu"
        )
        self.rack: MixerPanel = MixerPanel(id="rack")
        self.rack.strips.readings = self.transcript.tint.readings
        self.rack.meters.gauges = self.page.gauges
        self.feed = TranscriptFeed(self.transcript, self.rack.meters, self.rack.strips.readings)
        self._fps, self.transcript.tint.encoding = settings.fps, settings.heat
        self.prompt.cursor_blink = not glyphs.current_glyphs().slow
        self.talk: Composer = Composer(self, model)
        self.modes = KeyModes(self)

    def fitted(self, size: Size) -> Self:
        """Add the breakpoint classes of this size now, to avoid a second pass over all styles."""
        for extent, steps in (
            (size.width, self.HORIZONTAL_BREAKPOINTS),
            (size.height, self.VERTICAL_BREAKPOINTS),
        ):
            self.add_class(max(step for step in steps if step[0] <= extent)[1], update=False)
        return self

    def on_screen_resume(self, event: events.ScreenResume) -> None:
        """Skip the style refresh the first time: every widget has just been styled."""
        event.refresh_styles, self._styled = self._styled, True

    def compose(self) -> ComposeResult:
        yield StatusLine(id="status")
        yield Static(LOST, id="banner", markup=False)
        with Horizontal(id="stage"):
            yield self.page
            yield self.rack
        yield self.coach
        yield self.menu
        yield self.prompt
        yield Hints(id="hints")
        yield Cover(MEANWHILE)

    def _compositor_refresh(self) -> None:
        """Skip frames that would be thrown away while the app sets up its first screen."""
        if not self.app._batch_count:
            super()._compositor_refresh()

    def on_mount(self) -> None:
        self.transcript.entitle("transcript")
        self.transcript.extend(first_page.first_page_notes(self.link.model))
        self.prompt.offer(first_page.example_prompts(self.link.model))
        self.prompt.remember(promptlog.read())
        self.set_interval(1 / self._fps, self.frame)

    def on_resize(self, event: events.Resize) -> None:
        self.rack.fold(event.size.width < 100)

    @work(exclusive=True, group="line", exit_on_error=False)
    async def listen(self) -> None:
        await self.link.run()
        if self.link.failed:
            self.warn(self.link.failed)

    # What the engine says ----------------------------------------------------------------------------------------

    def frame(self) -> None:
        """Process everything received since the last frame, and paint once."""
        speaking = self.link.state.running is not None
        if not self.tempo.lets("words", speaking):
            return
        inbox = self.link.inbox
        while inbox:
            item = inbox.popleft()
            if isinstance(item, JournalRecord):
                self.ledger.take(item)
                self._happened(item.event)
                self._measured |= isinstance(
                    item.event, ev.MeterReadings | ev.TokensGenerated | ev.AnswerStarted | ev.AnswerStopped
                )
            else:
                self._told(item)
        self.feed.flush()
        numbers = self.tempo.lets("numbers", speaking)
        if self._measured and numbers:
            self._measured = False
            self.page.look()
            self.rack.meter()
        self._show_status(numbers)

    def _happened(self, event: ev.Event) -> None:
        self.feed.take(event, self.link.state)
        self.talk.heard(event)
        self.page.take(event)
        match event:
            case ev.ModelChanged(state="ready"):
                self.rack.model_is(event.facts)
            case ev.MixerChanged() if event.rev > self.rev:
                self.rev = event.rev
                self._take_over_mixer(moved=True)
            case ev.TokensGenerated():
                self.pace.add(len(event.ids))
            case ev.AnswerStarted():
                self.modes.answer_begins()
            case ev.AnswerStopped():
                self.pace.clear()
                self.modes.answer_ends()
            case ev.TurnAdded() if (
                self.transcript.document.items[:1] == first_page.first_page_notes(self.link.model)[:1]
            ):
                self.transcript.drop_notes("hint", "title")

    def _told(self, notice: dict[str, Any]) -> None:
        """Apply a notice about the connection (not the session)."""
        match notice.get("ev"):
            case "lost":
                self.transcript.set_live(False)
            case "gone":
                self.transcript.set_live(False)
                self.query_one("#banner", Static).update(LOST + self.link.ending())
            case "bye":
                self.warn(f"the engine has left: {notice.get('reason', '')}")
            case "epoch":
                self.link.moved()
                self._begin_anew()
            case "up" if self.link.moved():
                if self.link.observer:
                    self._begin_anew()
                else:
                    self.feed.unqueue()
                    self._restore()

    def _begin_anew(self) -> None:
        """Clear everything for another session, which is then replayed from its first event."""
        self.feed.reset()
        self.page.reset()
        self.ledger.clear()
        self.talk.moved()
        self.rev = -1
        self.rack.load(Mixer())

    @work(group="asks", exit_on_error=False)
    async def _restore(self) -> None:
        """Resume the old session, or load its vectors and mixer into the new one."""
        if await self.link.resume():
            return
        self.feed.go_on(ELSEWHERE)
        await self.link.load_again([channel.label for channel in self.rack.board.mixer.channels])
        if self.rack.board.mixer.channels:
            self.rack.post_message(MixerPanel.Edited("mixer as before"))

    def _take_over_mixer(self, *, moved: bool = False) -> None:
        """Show the engine's mixer: another client changed it, this screen has just attached, or an edit
        was refused.
        """
        state = self.link.state
        self.rack.load(rebuild_mixer(state.desk.state, state.vectors, self.rack.board.n_layers), moved=moved)

    def on_key(self, event: events.Key) -> None:
        self.modes.key(event)

    # What it looks like ------------------------------------------------------------------------------------------

    def _show_status(self, numbers: bool) -> None:
        status = desk_status(self)
        self.query_one(StatusLine).show(status, numbers)
        self.talk.show_title()
        self.prompt.invite(self.modes.name)
        self.coach.see(self.link.state, len(self.rack.board.mixer.channels), self.modes.name == "TYPE")
        self.query_one("#banner").set_class(status.word == "lost", "-shown")
        self.query_one(Hints).show(commands.desk_hints(self.modes.name, status.word))

    def warn(self, sentence: str) -> None:
        self.notify(safe_text(sentence), severity="error", markup=False, timeout=8)

    # What the hands do -------------------------------------------------------------------------------------------

    @on(PromptInput.Sent)
    @work(group="asks", exit_on_error=False)
    async def _send(self, message: PromptInput.Sent) -> None:
        promptlog.append_prompt(message.text)
        if not message.text.startswith("/"):
            await self.talk.say(message.text)
            return
        try:
            slash_commands.run_command(self, message.text)
        except SteerError as error:
            self.warn(str(error))
            self.prompt.load_text(message.text)

    @on(MixerPanel.Edited)
    @work(group="asks", exit_on_error=False)
    async def _edited(self, message: MixerPanel.Edited) -> None:
        self.rev += 1
        state = self.rack.board.mixer.to_json()
        if await self.link.ask("mixer", rev=self.rev, state=state, words=message.words) is None:
            self._take_over_mixer()

    def on_rack_refused(self, message: MixerPanel.Refused) -> None:
        self.warn(message.reason)

    def on_rack_add_pressed(self) -> None:
        self.action_do("vector.add")

    def later(self, work: Coroutine[Any, Any, None]) -> None:
        """Run a coroutine that waits for the engine."""
        self.run_worker(work, group="asks", exit_on_error=False)

    @work(group="asks", exit_on_error=False)
    async def ask(self, op: str, **what: object) -> None:
        """Send a request to the engine; errors are shown."""
        await self.link.ask(op, **what)

    @property
    def answering(self) -> bool:
        """Whether an answer is running or a message waits for one."""
        return self.link.state.running is not None or self.feed.waiting

    def action_do(self, command: str) -> None:
        """Run a command of the desk by its id and show its error."""
        try:
            ACTIONS[command](self)
        except SteerError as error:
            self.warn(str(error))

    def action_select(self, place: int) -> None:
        self.rack.select(place)
