"""The desk screen: transcript, mixer panel and prompt.

The engine owns the session. An edit of the mixer is sent as desired state and comes back as an event.
Each frame processes all events received since the last one and paints once.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from pathlib import Path
from types import ModuleType
from typing import Any, Self, TypeVar

from textual import events, on, work
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.geometry import Size
from textual.screen import Screen
from textual.widgets import Static

from core.demo.demo_world import world_of
from core.errors import SteerError
from core.mixer.mixer import Mixer
from sessions.journal import events as ev
from sessions.journal.codec import JournalRecord
from sessions.state.vector_facts import rebuild_mixer
from steertui import commands, promptlog
from steertui.config import Settings
from steertui.durations import parse_detach_limit
from steertui.screens.connection import EngineLink
from steertui.screens.desk import first_page, key_modes
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
from steertui.screens.notices import ShowsNotices
from steertui.screens.palette import DESK
from steertui.terminal.lag import TerminalLag
from steertui.textual_patches.first_frames import FirstFramesScreen
from steertui.widgets import glyphs
from steertui.widgets.completions import Completions
from steertui.widgets.cover import Cover
from steertui.widgets.prompt import PromptInput
from steertui.widgets.status.hints import Hints
from steertui.widgets.status.status import StatusLine

MEANWHILE = "the engine goes on; esc stops, space pauses, f flips"
ELSEWHERE = "Another engine answers now. It does not know the conversation above; the mixer is the same."
LOST = "The engine is gone; the transcript is safe. ctrl+r starts it again with this mixer."


Result = TypeVar("Result")


class DeskScreen(ShowsNotices, FirstFramesScreen[None]):
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
        self.mixer_rev = -1
        self.token_rate, self.repaint_limiter, self.ledger = TokenRate(), RepaintLimiter(), JobReports()
        self._measured = self._styled = False
        self.library_cursor = ""
        self.transcript_panel: TranscriptPanel = TranscriptPanel(lambda: self.link.state, id="page")
        self.transcript, self.prompt = self.transcript_panel.transcript, PromptInput(id="prompt")
        self.tour = Tour(model, id="coach")
        self.menu = self.prompt.menu = Completions(
            lambda text: _import_slash_commands().suggest_commands(text),
            lambda text, choice: _import_slash_commands().complete_command(text, choice),
            id="menu",
        )
        self.mixer_panel: MixerPanel = MixerPanel(id="rack")
        self.mixer_panel.strips.readings = self.transcript.tint.readings
        self.mixer_panel.meters.gauges = self.transcript_panel.gauges
        self.feed = TranscriptFeed(self.transcript, self.mixer_panel.meters, self.mixer_panel.strips.readings)
        self._fps, self.transcript.tint.encoding = settings.fps, settings.heat
        self.prompt.cursor_blink = not glyphs.current_glyphs().slow
        self.composer: Composer = Composer(
            self.link, self.feed, self.prompt, self._panel_settings, self.post_message
        )
        self.modes = KeyModes(self.post_message)

    def with_breakpoints(self, size: Size) -> Self:
        """Add the breakpoint classes of this size now, to avoid a second pass over all styles."""
        for extent, steps in (
            (size.width, self.HORIZONTAL_BREAKPOINTS),
            (size.height, self.VERTICAL_BREAKPOINTS),
        ):
            # The largest breakpoint that the size has reached, as in Textual.
            self.add_class(max(step for step in steps if step[0] <= extent)[1], update=False)
        return self

    def on_screen_resume(self, event: events.ScreenResume) -> None:
        """Skip the style refresh the first time: every widget has just been styled."""
        event.refresh_styles, self._styled = self._styled, True

    def compose(self) -> ComposeResult:
        yield StatusLine(id="status")
        yield Static(LOST, id="banner", markup=False)
        with Horizontal(id="stage"):
            yield self.transcript_panel
            yield self.mixer_panel
        yield self.tour
        yield self.menu
        yield self.prompt
        yield Hints(id="hints")
        yield Cover(MEANWHILE)

    def on_mount(self) -> None:
        self.transcript.set_title("transcript")
        self.transcript.extend(first_page.first_page_notes(self.link.model))
        self.prompt.set_examples(first_page.example_prompts(self.link.model))
        self.prompt.add_history(promptlog.read())
        self.set_interval(1 / self._fps, self.paint_frame)

    def on_resize(self, event: events.Resize) -> None:
        self.mixer_panel.set_compact(event.size.width < 100)

    @work(exclusive=True, group="line", exit_on_error=False)
    async def listen(self) -> None:
        await self.link.run()
        if self.link.failure:
            self.warn(self.link.failure)

    # What the engine says ----------------------------------------------------------------------------------------

    def paint_frame(self) -> None:
        """Process everything received since the last frame, and paint once."""
        speaking = self.link.state.running is not None
        # Nothing is lost: the events stay in the inbox until a later frame.
        if not self.repaint_limiter.allows("words", speaking):
            return
        inbox = self.link.inbox
        while inbox:
            item = inbox.popleft()
            if isinstance(item, JournalRecord):
                self.ledger.on_record(item)
                self._apply_event(item.event)
                # Meters are repainted only after a frame that brought measurements.
                self._measured |= isinstance(
                    item.event, ev.MeterReadings | ev.TokensGenerated | ev.AnswerStarted | ev.AnswerStopped
                )
            else:
                self._apply_notice(item)
        self.feed.flush()
        # `_measured` stays set until the numbers may be painted.
        numbers = self.repaint_limiter.allows("numbers", speaking)
        if self._measured and numbers:
            self._measured = False
            self.transcript_panel.refresh_readings()
            self.mixer_panel.show_meters()
        self._show_status(numbers)

    def _apply_event(self, event: ev.Event) -> None:
        self.feed.apply_event(event, self.link.state)
        self.composer.apply_event(event)
        self.transcript_panel.apply_event(event)
        match event:
            case ev.ModelChanged(state="ready"):
                self.mixer_panel.set_model(event.facts)
                self._show_first_page(event.name)
            # Edits made here come back with a revision that has been counted already.
            case ev.MixerChanged() if event.rev > self.mixer_rev:
                self.mixer_rev = event.rev
                self._load_engine_mixer(moved=True)
            case ev.TokensGenerated():
                self.token_rate.add(len(event.ids))
            case ev.AnswerStarted():
                self.modes.on_answer_start(self.mode, self.prompt.text)
            case ev.AnswerStopped():
                self.token_rate.clear()
                self.set_timer(key_modes.LINGER_S, self.return_to_type)
            case ev.TurnAdded() if self._has_first_page:
                self.transcript.drop_notes("hint", "title")

    @property
    def _has_first_page(self) -> bool:
        return self.transcript.document.items[:1] == first_page.first_page_notes(self.link.model)[:1]

    def _show_first_page(self, model: str) -> None:
        """Change the first page for one that fits the loaded model, if it is of another world."""
        if self._has_first_page and world_of(model) is not world_of(self.link.model):
            self.transcript.drop_notes("hint", "title")
            self.transcript.extend(first_page.first_page_notes(model))
            self.prompt.set_examples(first_page.example_prompts(model))

    def _apply_notice(self, notice: dict[str, Any]) -> None:
        """Apply a notice about the connection (not the session)."""
        match notice.get("ev"):
            case "lost":
                self.transcript.set_live(False)
            case "gone":
                self.transcript.set_live(False)
                self.query_one("#banner", Static).update(LOST + self.link.ending_words())
            case "bye":
                self.warn(f"the engine has left: {notice.get('reason', '')}")
            case "epoch":
                self.link.session_changed()
                self._reset_session()
            case "up":
                _import_slash_commands()  # now, so that the first command need not wait
                changed = self.link.session_changed()
                # An observer must not change the engine's session; it starts from what the engine sends.
                if changed and self.link.observer:
                    self._reset_session()
                elif changed:
                    self.feed.clear_queued()
                    self._restore_session()

    def _reset_session(self) -> None:
        """Clear everything for another session, which is then replayed from its first event."""
        self.feed.reset()
        self.transcript_panel.reset()
        self.ledger.clear()
        self.composer.reset_session()
        # Another session counts its revisions anew.
        self.mixer_rev = -1
        self.mixer_panel.load_mixer(Mixer())

    @work(group="asks", exit_on_error=False)
    async def _restore_session(self) -> None:
        """Resume the old session, or load its vectors and mixer into the new one."""
        if await self.link.resume():
            return
        self.feed.continue_on_new_engine(ELSEWHERE)
        await self.link.reload_vectors([channel.label for channel in self.mixer_panel.board.mixer.channels])
        if self.mixer_panel.board.mixer.channels:
            # Sent like an edit, so that the new engine gets the mixer of this screen.
            self.mixer_panel.post_message(MixerPanel.Edited("the mixer is as it was before"))

    def _load_engine_mixer(self, *, moved: bool = False) -> None:
        """Show the engine's mixer: another client changed it, this screen has just attached, or an edit
        was refused.
        """
        state = self.link.state
        self.mixer_panel.load_mixer(
            rebuild_mixer(state.mixer.state, state.vectors, self.mixer_panel.board.n_layers), moved=moved
        )

    # Key modes ---------------------------------------------------------------------------------------------------

    @property
    def mode(self) -> str:
        """The key mode: TYPE while the prompt has the focus."""
        return key_modes.TYPE if self.focused is self.prompt else key_modes.PLAY

    def enter_type(self) -> None:
        self.modes.choose_type()
        self.prompt.focus()

    def enter_play(self) -> None:
        self.transcript.focus()

    def return_to_type(self) -> None:
        """Leave a PLAY mode that was entered automatically."""
        self.modes.return_to_type(self.mode, free=self.is_current and not self.link.state.running)

    @on(KeyModes.Entered)
    def _enter_mode(self, message: KeyModes.Entered) -> None:
        if message.mode == key_modes.PLAY:
            self.enter_play()
        # A key may have been pressed since the message was posted.
        elif self.modes.is_automatic:
            self.enter_type()

    def on_key(self, event: events.Key) -> None:
        if self.mode == key_modes.PLAY:
            self.modes.on_play_key(event, bound=event.key in self.active_bindings)

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        # An automatic PLAY focuses the transcript, so any other panel was chosen by the user.
        if event.widget not in (self.prompt, self.transcript):
            self.modes.keep_play()

    def on_mouse_down(self) -> None:
        if self.mode == key_modes.PLAY:
            self.modes.keep_play()

    # What it looks like ------------------------------------------------------------------------------------------

    def _show_status(self, numbers: bool) -> None:
        feed, board = self.feed, self.mixer_panel.board
        status = desk_status(
            self.link,
            mode=self.mode,
            context=feed.prompt_tokens + feed.tokens if feed.prompt_tokens else 0,
            rate=self.token_rate.rate(),
            bypassed=board.mixer.bypassed,
            job=self.ledger.words,
        )
        self.query_one(StatusLine).show(status, numbers)
        self.composer.show_title()
        self.prompt.show_mode(self.mode)
        self.tour.update_hint(self.link.state, len(board.mixer.channels), self.mode == key_modes.TYPE)
        self.query_one("#banner").set_class(status.word == "lost", "-shown")
        self.query_one(Hints).show(commands.desk_hints(self.mode, status.word))

    # What the hands do -------------------------------------------------------------------------------------------

    @on(PromptInput.Sent)
    @work(group="asks", exit_on_error=False)
    async def _send_prompt(self, message: PromptInput.Sent) -> None:
        # Logged before it is sent, so that the text survives whatever follows.
        promptlog.append_prompt(message.text)
        if not message.text.startswith("/"):
            await self.composer.send_message(message.text)
            return
        try:
            _import_slash_commands().run_command(self, message.text)
        except SteerError as error:
            self.warn(str(error))
            self.prompt.load_text(message.text)

    @on(MixerPanel.Edited)
    @work(group="asks", exit_on_error=False)
    async def _send_mixer(self, message: MixerPanel.Edited) -> None:
        # Counted before the request, so that the echo of this edit is recognised as its own.
        self.mixer_rev += 1
        state = self.mixer_panel.board.mixer.to_json()
        if await self.link.request("mixer", rev=self.mixer_rev, state=state, words=message.words) is None:
            # Refused: the strips show an edit that the engine does not have.
            self._load_engine_mixer()

    def on_mixer_panel_refused(self, message: MixerPanel.Refused) -> None:
        self.warn(message.reason)

    def on_tour_finished(self) -> None:
        first_page.mark_tour_done()

    def on_mixer_panel_add_pressed(self) -> None:
        self.action_do("vector.add")

    @on(Composer.Requested)
    def _send_request(self, message: Composer.Requested) -> None:
        self.request(message.op, **message.args)

    def _panel_settings(self, max_rate: int) -> dict[str, Any]:
        """Settings of the next answer from the unsteered panel and the tour."""
        rate = self.tour.limit_rate(max_rate)
        return self.transcript_panel.shadow.answer_settings() | ({"pace": rate} if rate else {})

    def open_dialog(self, dialog: Screen[Result | None], use: Callable[[Result], object]) -> None:
        """Open a dialog or another screen; `use` gets its result unless the user left it with esc."""

        def on_result(result: Result | None) -> None:
            if result is not None:
                use(result)

        self.app.push_screen(dialog, on_result)

    def run_async(self, work: Coroutine[Any, Any, None]) -> None:
        """Run a coroutine that waits for the engine."""
        self.run_worker(work, group="asks", exit_on_error=False)

    @work(group="asks", exit_on_error=False)
    async def request(self, op: str, **what: object) -> None:
        """Send a request to the engine; errors are shown."""
        await self.link.request(op, **what)

    @property
    def answering(self) -> bool:
        """Whether an answer is running or a message waits for one."""
        return self.link.state.running is not None or self.feed.has_queued

    def action_do(self, command: str) -> None:
        """Run a command of the desk by its id and show its error."""
        # The commands import every dialog, which the first frame need not wait for.
        from steertui.screens.desk.commands.actions import ACTIONS

        try:
            ACTIONS[command](self)
        except SteerError as error:
            self.warn(str(error))

    def action_select(self, place: int) -> None:
        self.mixer_panel.select(place)


def _import_slash_commands() -> ModuleType:
    from steertui.screens.desk.commands import slash_commands

    return slash_commands
