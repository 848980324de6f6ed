"""Builds the transcript from a session's events, live or after a late attach.

Items are collected and sent to the transcript once per frame, so a burst of tokens costs one repaint.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sessions.journal import events as ev
from sessions.state.event_words import rebuild_words, rewind_words
from sessions.state.mixer_changes import mixer_changes
from sessions.state.mixer_words import describe_changes, mixer_summary
from sessions.state.settings_words import previous_settings
from sessions.state.state import SessionState, Turn
from steertui.screens.past_sessions import (
    change_mark,
    distractor_items,
    message_items,
    mixer_marks,
    past_items,
    plain_mark,
    settings_items,
)
from steertui.text import Sanitiser, safe_text
from steertui.widgets.inspector.projection_meters import Meters
from steertui.widgets.transcript.document import (
    NOT_GENERATED,
    Item,
    TextPiece,
    TranscriptMarker,
    TranscriptNote,
    TranscriptTurn,
)
from steertui.widgets.transcript.token_reading import ChannelReading
from steertui.widgets.transcript.view import Transcript

ENDINGS = {
    "cancel": "stopped",
    "length": "stopped at the token limit",
    "stop": "stopped at a stop text",
    "context": "stopped, the context is full: ctrl+n begins a new session",
    "oom": "out of memory: the answer ends here, the model stays",
}


@dataclass
class TranscriptFeed:
    """Keeps the turn that was shown last, so that a new branch is noticed and drawn from its root."""

    transcript: Transcript
    meters: Meters
    readings: Mapping[str, ChannelReading]
    items: list[Item] = field(default_factory=list)
    shown_turn: int | None = None
    mix: str | None = None
    mixer_state: Mapping[str, Any] = field(default_factory=dict)
    prompt_tokens: int = 0
    tokens: int = 0
    has_queued: bool = False
    model_name: str = ""
    pending_markers: list[tuple[int, TranscriptMarker, str]] = field(default_factory=list)
    waiting_items: list[Item] = field(default_factory=list)
    stream: Sanitiser = field(default_factory=Sanitiser)

    def apply_event(self, event: ev.Event, state: SessionState) -> None:
        """Apply one event. `state` may be ahead of it, so values of that moment are kept here."""
        step = STEPS.get(event.t)
        if step is not None:
            step(self, event, state)

    def flush(self) -> None:
        if self.items:
            items, self.items = self.items, []
            self.transcript.extend(items)

    def reset(self) -> None:
        """Clear everything for another session."""
        self.items, self.mixer_state, self.prompt_tokens, self.model_name = [], {}, 0, ""
        self.shown_turn, self.mix, self.pending_markers, self.tokens, self.has_queued = (
            None,
            None,
            [],
            0,
            False,
        )
        self._set_waiting([])
        self.transcript.set_live(False)
        self.transcript.clear()

    def continue_on_new_engine(self, words: str) -> None:
        """Keep the transcript, but start afresh with another engine."""
        self._release_waiting()
        self.flush()
        self.clear_queued()
        self.shown_turn, self.mix, self.pending_markers, self.tokens = None, None, [], 0
        self.transcript.set_live(False)
        self.items.append(TranscriptNote(words, "warning"))

    def on_open(self, event: ev.SessionOpened, state: SessionState) -> None:
        """An engine has resumed the session: an answer of the lost engine has ended."""
        if self.transcript.live:
            self.items.append(TranscriptNote("the engine was lost; the answer ends here", "warning"))
            self._release_waiting()
            self.flush()
            self.transcript.set_live(False)

    # Turns and answers -------------------------------------------------------------------------------------------

    def on_turn(self, event: ev.TurnAdded, state: SessionState) -> None:
        self._follow_branch(event.parent, state)
        self.shown_turn = event.turn
        if self.transcript.live:
            self._set_waiting([*self.waiting_items, *message_items(event.role, event.text)])
            return
        self.items += message_items(event.role, event.text)
        if state.word in ("loading", "generating", "paused") or state.model is None:
            self.show_queued("queued: it will be answered after what is running now")

    def _set_waiting(self, items: list[Item]) -> None:
        """Messages sent during an answer are drawn below it when it has ended."""
        self.waiting_items = items
        waiting = sum(isinstance(item, TranscriptTurn) for item in items)
        self.transcript.set_title(f"transcript · {waiting} queued" if waiting else "transcript")

    def _release_waiting(self) -> None:
        self.items += self.waiting_items
        self._set_waiting([])

    def show_queued(self, words: str) -> None:
        """Show why a message is not being answered yet; replaces the previous reason."""
        self.clear_queued()
        self.has_queued = True
        self.items.append(TranscriptNote(words, "queued"))

    def on_gen(self, event: ev.AnswerStarted, state: SessionState) -> None:
        self.clear_queued()
        self._follow_branch(event.parent, state)
        self.items.append(TranscriptTurn("asst"))
        # “no steering” is said only after a change: an unsteered conversation needs no marker.
        changed = self.mix and event.mix != self.mix
        self.items += mixer_marks(mixer_summary(self.mixer_state) or ("no steering" if changed else ""))
        self.items += settings_items(state.turns[event.turn], previous_settings(state, event.parent))
        self.mix, self.shown_turn, self.pending_markers = event.mix, event.turn, []
        self.prompt_tokens, self.tokens = event.prompt_tokens, 0
        # A combining mark must not join the text of the answer before.
        self.stream = Sanitiser()
        self.meters.gauges.new_answer()
        for reading in self.readings.values():
            reading.new_answer()
        self.transcript.set_live(True)

    def clear_queued(self) -> None:
        """Remove the note about a waiting message."""
        if self.has_queued:
            self.has_queued = False
            self.flush()
            self.transcript.drop_notes("queued")

    def on_tok(self, event: ev.TokensGenerated, state: SessionState) -> None:
        # Lane 0 is the steered answer; the others belong to the unsteered panel.
        if event.lane:
            return
        if event.i < self.tokens:
            self._redraw_from(event.i)
        for index, text in enumerate(event.text, event.i):
            self._draw_due_markers(index)
            self.items.append(
                TextPiece(
                    self.stream.feed_token(text),
                    index,
                    NOT_GENERATED if self.shown_turn is None else self.shown_turn,
                    region=event.region,
                )
            )
        self.meters.gauges.add_tokens(event.ids, event.lp)
        self.tokens = event.i + len(event.ids)

    def _redraw_from(self, index: int) -> None:
        """Redraw the last token: its text changed when the rest of a split character arrived."""
        self.flush()
        self.transcript.rewind(index)

    def on_meter(self, event: ev.MeterReadings, state: SessionState) -> None:
        # Lane 0 is the steered answer; the others belong to the unsteered panel.
        if event.lane:
            return
        self.flush()
        self.meters.gauges.add_measurements(event.values)
        for k in range(max(map(len, event.proj.values()), default=0)):
            # Columns may differ in length, so each row takes those that reach it.
            row = {name: float(column[k]) for name, column in event.proj.items() if k < len(column)}
            self.transcript.set_projections(event.i + k, row)
            for name, value in row.items():
                self.readings[name].add(value, bool(_cell(event.hits, name, k)))

    def on_stop(self, event: ev.AnswerStopped, state: SessionState) -> None:
        if event.reason in ENDINGS:
            self.items.append(TranscriptNote(f"{ENDINGS[event.reason]} after {event.tokens} tokens"))
        if event.message:
            self.items.append(TranscriptNote(safe_text(event.message), "warning"))
        self._release_waiting()
        self.flush()
        self.transcript.set_live(False)

    def _follow_branch(self, parent: int | None, state: SessionState) -> None:
        """If a turn does not continue the shown one, draw its branch from the root."""
        if parent != self.shown_turn:
            self.show_turn(parent, state)

    def show_turn(self, turn: int | None, state: SessionState) -> None:
        """Draw the conversation up to that turn, from its root."""
        # Collected items belong to the branch that is replaced.
        self.items.clear()
        self._set_waiting([])
        self.transcript.clear()
        self.transcript.set_live(False)
        self.items += past_items(state.path(turn) if turn is not None else ())
        self.shown_turn, self.mix, self.prompt_tokens, self.tokens = turn, None, 0, 0

    def drop_waiting(self, turn: Turn) -> bool:
        """Remove a question that waits below the answer; False if it is not there."""
        if not self.waiting_items:
            return False
        self._set_waiting([])
        self.shown_turn = turn.parent
        return True

    # Marks in the text -------------------------------------------------------------------------------------------

    def on_mixer(self, event: ev.MixerChanged, state: SessionState) -> None:
        """Between answers nothing is drawn: the next answer shows its mixer at its start."""
        changes = mixer_changes(self.mixer_state, event.state)
        self.mixer_state = event.state
        if event.gen is not None:
            mark = change_mark(event.words or describe_changes(changes), event.at, changes)
            self.pending_markers.append((event.at, mark, event.mix))
            # A change at the next token is drawn at once; a later one waits for its token.
            self._draw_due_markers(self.tokens)

    def _draw_due_markers(self, index: int) -> None:
        """Draw the markers of the next token (a change is acknowledged before its token is generated)."""
        due = [change for change in self.pending_markers if change[0] <= index]
        for _, mark, mix in due:
            self.mix = mix
            self.items.append(mark)
        self.pending_markers = [change for change in self.pending_markers if change[0] > index]

    def on_inject(self, event: ev.TextInjected, state: SessionState) -> None:
        how = event.source or event.how
        self.items += distractor_items(event.text, how, event.at if event.gen is not None else None)

    def on_rewind(self, event: ev.AnswerRewound, state: SessionState) -> None:
        self.flush()
        self.transcript.rewind(event.to)
        self.tokens = event.to
        self.items.append(plain_mark(rewind_words(event), event.to, lasting=True))

    def on_crop(self, event: ev.CacheCropped, state: SessionState) -> None:
        """The cache was lost and these tokens were encoded again."""
        self.items.append(
            TranscriptNote(safe_text(f"{event.dropped} tokens were encoded again: {event.reason}"))
        )

    def on_rebuild(self, event: ev.CacheRebuilt, state: SessionState) -> None:
        self.items.append(plain_mark(rebuild_words(event), event.at))

    def on_note(self, event: ev.NoteAdded, state: SessionState) -> None:
        self.items.append(TranscriptNote(safe_text(event.text)))

    def on_mark(self, event: ev.MarkAdded, state: SessionState) -> None:
        self.items.append(plain_mark(event.label, event.at if event.gen is not None else None))

    def on_gap(self, event: ev.RecordingGap, state: SessionState) -> None:
        words = f"recorded again: {event.lost} events are missing from the journal ({event.reason})"
        self.items.append(TranscriptNote(safe_text(words), "warning"))

    def on_error(self, event: ev.ErrorReported, state: SessionState) -> None:
        self.items.append(TranscriptNote(safe_text(event.message), "warning"))

    def on_model(self, event: ev.ModelChanged, state: SessionState) -> None:
        """Note a change of model; if loading failed, no message waits any more."""
        if event.state == "failed":
            self.clear_queued()
        elif event.state == "ready":
            if self.model_name not in ("", event.name):
                self.items.append(TranscriptNote(safe_text(f"from here on the model is {event.name}")))
            self.model_name = event.name
            for warning in event.warnings:
                self.items.append(TranscriptNote(safe_text(warning), "warning"))


STEPS: Mapping[str, Callable[[TranscriptFeed, Any, SessionState], None]] = {
    "open": TranscriptFeed.on_open,
    "turn": TranscriptFeed.on_turn,
    "gen": TranscriptFeed.on_gen,
    "tok": TranscriptFeed.on_tok,
    "meter": TranscriptFeed.on_meter,
    "stop": TranscriptFeed.on_stop,
    "mixer": TranscriptFeed.on_mixer,
    "inject": TranscriptFeed.on_inject,
    "rewind": TranscriptFeed.on_rewind,
    "rebuild": TranscriptFeed.on_rebuild,
    "crop": TranscriptFeed.on_crop,
    "note": TranscriptFeed.on_note,
    "mark": TranscriptFeed.on_mark,
    "error": TranscriptFeed.on_error,
    "gap": TranscriptFeed.on_gap,
    "model": TranscriptFeed.on_model,
}


def _cell(columns: Mapping[str, tuple[float, ...]], name: str, place: int) -> float:
    """The value of a column at an index, 0.0 where there is none."""
    column = columns.get(name, ())
    return float(column[place]) if place < len(column) else 0.0
