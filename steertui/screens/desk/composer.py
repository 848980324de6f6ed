"""Sends messages: their text, their parent turn, and the settings of the answer.

The engine continues at the session's newest turn by default; `parent_turn` is set while the user is at
the end of another branch or before a question that was taken back. The composer reads and fills the
prompt and draws turns through the feed; what else it wants it posts to the screen.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rich.text import Text
from textual.message import Message

from core.errors import UsageError
from core.secrets import holds_secret
from sessions.journal import events as ev
from sessions.state.answer_settings import FORM_SETTINGS, AnswerSettings
from steertui.promptlog import KEY_SAID
from steertui.screens.connection import EngineLink
from steertui.screens.desk import branches, first_page
from steertui.screens.desk.next_sampling import (
    load_default_sampling,
    request_settings,
    sampling_words,
    settings_of_answer,
)
from steertui.screens.desk.transcript_feed import TranscriptFeed
from steertui.screens.notices import ERROR_S, ScreenNotice
from steertui.text import safe_text
from steertui.widgets.prompt import PromptInput

if TYPE_CHECKING:
    from steertui.screens.desk.dialogs.distractor import Distractor

TEMPI = (0, 8, 16, 32)
CLOSE = 0.85
NEARLY = (
    "the context is {0:.0%} full ({1} of {2} tokens); nothing is dropped; when it is full the answer stops"
)
FULL = "the context is full: {0} of {1} tokens; ctrl+n begins a new session, e asks an earlier question differently"


class Composer:
    """The composer of one desk; every method may be called at any time."""

    @dataclass
    class Requested(Message):
        """A request to send to the engine."""

        op: str
        args: dict[str, Any]

    def __init__(
        self,
        link: EngineLink,
        feed: TranscriptFeed,
        prompt: PromptInput,
        panel_settings: Callable[[int], dict[str, Any]],
        post: Callable[[Message], object],
    ) -> None:
        """`panel_settings` gives what the panels add to the settings of an answer at a maximum rate; `post`
        sends a message to the screen.
        """
        self._link, self._feed, self._prompt = link, feed, prompt
        self._panel_settings, self._post = panel_settings, post
        self.sampling = load_default_sampling()
        self.max_rate = first_page.default_max_rate(link.model)
        self.parent_turn: int | None = None
        self.editing: int | None = None
        self.next_prefill = ""
        self.rewind_count = 8
        self.last_distractor: Distractor | None = None
        self._touched = self._warned = False
        self._title = ""

    def show_title(self) -> None:
        """Show over the prompt which settings of the next answer differ from the defaults."""
        words = ["asks again as another branch (esc cancels)"] if self.editing is not None else []
        words += [f"begins “{self.next_prefill}”"] if self.next_prefill else []
        title = safe_text(" · ".join([*words, *sampling_words(self.sampling)]))
        # Called at every frame; an unchanged title need not be drawn again.
        if title != self._title:
            self._title, self._prompt.border_title = title, Text(title)

    # Saying ------------------------------------------------------------------------------------------------------

    async def send_message(self, text: str, role: str = "user") -> None:
        """Send a turn and request an answer; if that fails, the text returns to the prompt."""
        self._touched = True
        if self._is_context_full():
            # The prompt was cleared when the text was sent.
            self._prompt.load_text(text)
            return
        if holds_secret(text):
            self._warn(KEY_SAID)
        # The request below waits for the engine, which may take long to load a model.
        if not self._link.connect_done.is_set():
            self._feed.show_queued(f"queued until the engine is there: {safe_text(text)}")
        asked = await self._link.request(
            "chat", text=text, role=role, settings=self.answer_settings(), **self._parent_args()
        )
        if asked is None:
            self._prompt.load_text(text)
        else:
            self.next_prefill, self.editing = "", None
        # A message that waits behind an answer keeps its note until its own answer begins.
        if asked is None or not asked["queued"]:
            self._feed.clear_queued()

    def _parent_args(self) -> dict[str, int]:
        turns = self._link.state.turns
        # An edited question becomes a sibling of the original.
        if self.editing is not None:
            return {"parent": branches.parent_of(turns[self.editing])}
        return {} if self.parent_turn is None else {"parent": self.parent_turn}

    def answer_settings(self, *, new_seed: bool = False) -> dict[str, Any]:
        """The settings of the next answer; a distractor as prefill takes precedence over the form's
        prefill.
        """
        wishes = request_settings(self.sampling, new_seed=new_seed)
        if self.next_prefill:
            wishes["prefill"] = self.next_prefill
        return wishes | self._panel_settings(self.max_rate)

    def regenerate(self, *, new_seed: bool = False, prefill: str | None = None) -> None:
        """Generate another answer beside the shown one, with the current settings only."""
        self._touched = True
        here = {} if self._feed.shown_turn is None else {"turn": self._feed.shown_turn}
        # None resets a setting: the engine starts from the settings of the answer that is repeated.
        settings = dict.fromkeys((*FORM_SETTINGS, "pace", "shadow")) | self.answer_settings(new_seed=new_seed)
        if prefill is not None:
            settings["prefill"] = prefill
        self.next_prefill = ""
        self._post(self.Requested("regenerate", {"settings": settings, **here}))

    def set_sampling(self, sampling: AnswerSettings) -> None:
        self.sampling, self._touched = sampling, True

    async def cancel_answer(self) -> None:
        """Cancel the answer and drop the message that waits behind it."""
        reply = await self._link.request("cancel")
        self._feed.clear_queued()
        if reply and reply.get("dropped") is not None:
            self._take_question_back(reply["dropped"])

    def _take_question_back(self, question: int) -> None:
        """Put a dropped question back into the prompt, and continue at its parent."""
        state = self._link.state
        turn = state.turns[question]
        # A turn that has been continued cannot be taken back.
        if any(other.parent == question for other in state.turns.values()):
            return
        if self._feed.drop_waiting(turn):
            self.parent_turn = branches.parent_of(turn)
        else:
            self.show_turn(branches.parent_of(turn))
        # What is typed now has precedence over the question.
        if turn.role == "user" and not self._prompt.text:
            self._prompt.load_text(turn.given_text)

    def next_max_rate(self) -> None:
        self.set_max_rate(next((tempo for tempo in TEMPI if tempo > self.max_rate), TEMPI[0]))

    def set_max_rate(self, tempo: int) -> None:
        """Limit tokens per second; 0 is no limit."""
        self.max_rate = tempo
        said = f"at most {self.max_rate} tokens a second" if self.max_rate else "as fast as it can"
        self._post(ScreenNotice(f"speed of the next answers: {said}"))

    # Listening ---------------------------------------------------------------------------------------------------

    def apply_event(self, event: ev.Event) -> None:
        """Follow the conversation: a new turn or answer becomes the current place."""
        match event:
            case ev.AnswerStarted():
                self.parent_turn, self._warned = None, False
                # Until the user sets something here, the form follows the session's answers.
                if not self._touched:
                    self.sampling = settings_of_answer(event.settings, self.sampling)
            case ev.TurnAdded():
                self.parent_turn = None
            case ev.TokensGenerated() | ev.AnswerStopped():
                self._warn_of_full_context()

    def reset_session(self) -> None:
        """Reset for another session; its answers set the settings until the user changes them."""
        self.parent_turn = self.editing = None
        self.next_prefill, self._touched = "", False

    # Elsewhere in the tree ---------------------------------------------------------------------------------------

    def show_turn(self, place: int) -> None:
        """Draw the conversation up to that turn; the next message continues there."""
        self.parent_turn = place
        self._feed.show_turn(place if place >= 0 else None, self._link.state)

    def edit_question(self) -> None:
        """Put the last question into the prompt to ask it differently; again, the one before it."""
        asked = branches.user_turns(self._link.state, self._feed.shown_turn)
        if not asked:
            raise UsageError("nothing has been asked yet")
        ids = [turn.id for turn in asked]
        at = ids.index(self.editing) + 1 if self.editing in ids else 0
        # After the oldest question it starts again at the newest.
        turn = asked[at % len(asked)]
        self.editing = turn.id
        self._prompt.load_text(turn.given_text)

    def leave_edit(self) -> bool:
        """Stop editing a question; False if none was being edited."""
        if self.editing is None:
            return False
        self.editing = None
        self._prompt.clear()
        return True

    # The context -------------------------------------------------------------------------------------------------

    def _context_use(self) -> tuple[int, int] | None:
        feed, model = self._feed, self._link.state.model
        limit = model.facts.get("max_context") if model else None
        return (feed.prompt_tokens + feed.tokens, int(limit)) if limit and feed.prompt_tokens else None

    def _is_context_full(self) -> bool:
        room = self._context_use()
        # An edited question leaves this branch, so its context is shorter.
        if room is None or room[0] < room[1] - 1 or self.editing is not None:
            return False
        self._warn(FULL.format(*room))
        return True

    def _warn_of_full_context(self) -> None:
        room = self._context_use()
        # Once per answer: the use grows with every token.
        if room and not self._warned and room[0] >= CLOSE * room[1]:
            self._warned = True
            words = NEARLY.format(room[0] / room[1], *room)
            self._post(ScreenNotice(words, "warning", ERROR_S))

    def _warn(self, sentence: str) -> None:
        self._post(ScreenNotice(sentence, "error", ERROR_S))
