"""The fold: computes the session state from its events.

The engine, a client that connects late and a reader of an old journal all call `fold`, so they always
agree. States are immutable; unchanged parts are shared between the old and the new state.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from itertools import starmap, zip_longest
from typing import Any, TypeAlias

from sessions.journal import events as ev
from sessions.journal.codec import JournalRecord
from sessions.journal.events import RECORDING
from sessions.state.event_words import rebuild_words, rewind_words
from sessions.state.messages import prompt_messages
from sessions.state.mixer_changes import mixer_changes
from sessions.state.mixer_words import mixer_summary
from sessions.state.state import (
    REPORTS,
    AnswerToken,
    JobState,
    Marker,
    MixerState,
    RunningAnswer,
    SessionState,
    TokenAlternative,
    Turn,
)

Tokens: TypeAlias = tuple[AnswerToken, ...]


def fold(state: SessionState, record: JournalRecord) -> SessionState:
    """The state after one more event; a kind without a handler only advances the sequence number."""
    step = STEPS.get(record.event.t)
    return replace(step(state, record.event) if step else state, seq=record.n)


def fold_all(records: Iterable[JournalRecord], state: SessionState | None = None) -> SessionState:
    state = state or SessionState()
    for record in records:
        state = fold(state, record)
    return state


def _open(state: SessionState, event: ev.SessionOpened) -> SessionState:
    """An engine opens the session: an answer that was still running when the last engine stopped is marked as
    lost.
    """
    turns = {
        t.id: replace(t, stop="lost") if t.gen is not None and not t.stop else t for t in state.turns.values()
    }
    return replace(
        state,
        session=event.session,
        turns=turns,
        # The running answer, the model and the clients belonged to the previous engine process.
        running=None,
        model=None,
        clients={},
        unrecorded="",
        closed=None,
    )


def _model(state: SessionState, event: ev.ModelChanged) -> SessionState:
    return replace(state, model=None if event.state == "unloaded" else event)


def _vector(state: SessionState, event: ev.VectorChanged) -> SessionState:
    # Removed even when replaced, so that a reloaded vector moves to the end of the order.
    others = {name: vector for name, vector in state.vectors.items() if name != event.name}
    return replace(state, vectors=others if event.removed else {**others, event.name: event})


def _turn(state: SessionState, event: ev.TurnAdded) -> SessionState:
    return replace(_with_turn(state, Turn(event.turn, event.parent, event.role, event.text)), head=event.turn)


def _gen(state: SessionState, event: ev.AnswerStarted) -> SessionState:
    said = str(event.settings.get("prefill", ""))
    words = mixer_summary(state.mixer.state)
    markers = (Marker(0, "mixer", words, expression=state.mixer.expression),) if words else ()
    answer = Turn(
        event.turn, event.parent, "assistant", said, event.gen, markers=markers, settings=event.settings
    )
    return replace(_with_turn(state, answer), head=event.turn, running=RunningAnswer(event.gen, event.turn))


def _mixer(state: SessionState, event: ev.MixerChanged) -> SessionState:
    # Only a change during an answer gets a marker, so only then it is computed.
    changes = mixer_changes(state.mixer.state, event.state) if event.gen is not None else ()
    state = replace(state, mixer=MixerState(event.state, event.rev, event.mix, event.expression))
    marker = Marker(event.at, "mixer", event.words, changes=changes, expression=event.expression)
    return _with_marker(state, event.gen, marker)


def _tok(state: SessionState, event: ev.TokensGenerated) -> SessionState:
    new = tuple(
        AnswerToken(
            token, text, None if lp is None else float(lp), event.mix, by=event.by, region=event.region
        )
        for token, text, lp in zip_longest(event.ids, event.text, event.lp)
    )
    # `event.i` says where they belong, also if earlier lines are missing or tokens were removed.
    return _change_lane(state, event, lambda tokens: _pad_tokens(tokens, event.i) + new)


def _top(state: SessionState, event: ev.TopTokens) -> SessionState:
    """Alternatives of the unsteered lane are attached to the tokens of the answer as well."""
    others = event.other or ((),) * len(event.ids)
    columns = zip(event.ids, event.text, event.p, others, strict=True)
    rows = [tuple(starmap(TokenAlternative, zip_longest(*row))) for row in columns]

    def topped(turn: Turn) -> Turn:
        here = turn.tokens[event.i : event.i + len(rows)]
        # There are fewer tokens than rows if some were removed by a rewind.
        pairs = zip(here, rows, strict=False)
        new = [replace(token, top0=row) if event.lane else replace(token, top=row) for token, row in pairs]
        return replace(turn, tokens=(*turn.tokens[: event.i], *new, *turn.tokens[event.i + len(new) :]))

    return _change_answer(state, event.gen, topped)


def _meter(state: SessionState, event: ev.MeterReadings) -> SessionState:
    return _change_lane(state, event, lambda tokens: _with_readings(tokens, event))


def _inject(state: SessionState, event: ev.TextInjected) -> SessionState:
    marker = Marker(event.at, "inject", event.text, event.how, source=event.source)
    return _with_marker(state, event.gen, marker)


def _note(state: SessionState, event: ev.NoteAdded) -> SessionState:
    return _with_marker(state, event.gen, Marker(event.at, "note", event.text))


def _mark(state: SessionState, event: ev.MarkAdded) -> SessionState:
    return _with_marker(state, event.gen, Marker(event.at, "mark", event.label))


def _rebuild(state: SessionState, event: ev.CacheRebuilt) -> SessionState:
    return _with_marker(state, event.gen, Marker(event.at, "rebuild", rebuild_words(event)))


def _rewind(state: SessionState, event: ev.AnswerRewound) -> SessionState:
    """Removed tokens and their markers leave the state; the journal still has them."""

    def shortened(turn: Turn) -> Turn:
        lanes = {lane: tokens[: event.to] for lane, tokens in turn.lanes.items()}
        # A marker at `to` stands before the next token, so it stays.
        markers = tuple(m for m in turn.markers if m.at <= event.to)
        return replace(turn, tokens=turn.tokens[: event.to], lanes=lanes, markers=markers)

    state = _change_answer(state, event.gen, shortened)
    return _with_marker(state, event.gen, Marker(event.to, "rewind", rewind_words(event)))


def _pause(state: SessionState, event: ev.PauseChanged) -> SessionState:
    running = state.running and replace(state.running, paused=event.paused)
    return replace(state, running=running)


def _stop(state: SessionState, event: ev.AnswerStopped) -> SessionState:
    state = _change_answer(state, event.gen, lambda turn: replace(turn, stop=event.reason))
    return replace(state, running=None, error=event.message or state.error)


def _answer(state: SessionState, event: ev.LaneAnswered) -> SessionState:
    """An answer of a batch is a tree of its own: its prompt's messages, then the answer."""
    messages = prompt_messages(event.prompt)
    first, words = event.turn - len(messages), mixer_summary(event.mixer)
    for k, message in enumerate(messages):
        parent = first + k - 1 if k else None
        state = _with_turn(state, Turn(first + k, parent, message["role"], message["content"]))
    rows = zip_longest(event.token_ids, event.pieces, event.lp, event.entropy)
    tokens = tuple(
        AnswerToken(token, text, None if lp is None else float(lp), event.mix, values={"entropy": float(h)})
        for token, text, lp, h in rows
    )
    said = str(event.settings.get("prefill", ""))
    markers = (Marker(0, "mixer", words, expression=event.expression),) if words else ()
    answer = Turn(
        event.turn,
        event.turn - 1,
        "assistant",
        said,
        event.gen,
        tokens,
        {},
        markers,
        event.settings,
        event.stop,
    )
    # The conversation stays where it is; a session without one begins with the first answer.
    return replace(_with_turn(state, answer), head=event.turn if state.head is None else state.head)


def _job(state: SessionState, event: ev.JobChanged) -> SessionState:
    task = state.jobs.get(event.job, JobState(event.job, event.kind, event.state, event.params))
    if event.event:
        task = replace(
            task, reports=(*task.reports, event.event)[-REPORTS:], report_count=task.report_count + 1
        )
    task = replace(task, state=event.state, message=event.message or task.message)
    return replace(state, jobs={**state.jobs, event.job: task})


def _attach(state: SessionState, event: ev.ClientAttached) -> SessionState:
    return replace(state, clients={**state.clients, event.client: event.role})


def _detach(state: SessionState, event: ev.ClientDetached) -> SessionState:
    return replace(state, clients={c: role for c, role in state.clients.items() if c != event.client})


def _gap(state: SessionState, event: ev.RecordingGap) -> SessionState:
    """Recording works again: count the missing events and clear the warning."""
    return replace(state, lost=state.lost + event.lost, unrecorded="")


def _error(state: SessionState, event: ev.ErrorReported) -> SessionState:
    unrecorded = event.message if event.code == RECORDING else state.unrecorded
    return replace(state, error=event.message, unrecorded=unrecorded)


def _close(state: SessionState, event: ev.SessionClosed) -> SessionState:
    return replace(state, closed=event.reason, running=None)


STEPS: Mapping[str, Callable[[SessionState, Any], SessionState]] = {
    "open": _open,
    "model": _model,
    "vector": _vector,
    "turn": _turn,
    "gen": _gen,
    "mixer": _mixer,
    "tok": _tok,
    "top": _top,
    "meter": _meter,
    "inject": _inject,
    "note": _note,
    "mark": _mark,
    "rebuild": _rebuild,
    "rewind": _rewind,
    "pause": _pause,
    "stop": _stop,
    "answer": _answer,
    "job": _job,
    "attach": _attach,
    "detach": _detach,
    "gap": _gap,
    "error": _error,
    "close": _close,
}


def _with_turn(state: SessionState, turn: Turn) -> SessionState:
    return replace(state, turns={**state.turns, turn.id: turn})


def _change_answer(state: SessionState, gen: int | None, change: Callable[[Turn], Turn]) -> SessionState:
    """The state with one answer changed; unchanged if the line that started the answer could not be read."""
    # Searched from the end, where the running answer is.
    turn = next((turn for turn in reversed([*state.turns.values()]) if turn.gen == gen), None)
    return state if gen is None or turn is None else _with_turn(state, change(turn))


def _change_lane(
    state: SessionState, event: ev.TokensGenerated | ev.MeterReadings, change: Callable[[Tokens], Tokens]
) -> SessionState:
    def changed(turn: Turn) -> Turn:
        if event.lane == 0:
            return replace(turn, tokens=change(turn.tokens))
        return replace(turn, lanes={**turn.lanes, event.lane: change(turn.lanes.get(event.lane, ()))})

    return _change_answer(state, event.gen, changed)


def _with_marker(state: SessionState, gen: int | None, marker: Marker) -> SessionState:
    """Add a marker to its answer; it replaces a mixer marker at the same token."""

    def marked(turn: Turn) -> Turn:
        kept = tuple(m for m in turn.markers if not (m.kind == marker.kind == "mixer" and m.at == marker.at))
        return replace(turn, markers=(*kept, marker))

    return _change_answer(state, gen, marked)


def _pad_tokens(tokens: Tokens, count: int) -> Tokens:
    """Exactly `count` tokens; blanks stand for tokens whose journal line could not be read."""
    return tokens[:count] + (AnswerToken(-1, ""),) * (count - len(tokens))


def _with_readings(tokens: Tokens, event: ev.MeterReadings) -> Tokens:
    """The tokens with their measurements added; measurements of removed tokens are dropped."""
    columns = (event.proj, event.after, event.hits, event.values)
    count = max((len(values) for column in columns for values in column.values()), default=0)
    measured = tuple(_with_row(token, event, k) for k, token in enumerate(tokens[event.i : event.i + count]))
    # `measured` may be shorter than the event's columns, so its own length counts.
    return tokens[: event.i] + measured + tokens[event.i + len(measured) :]


def _with_row(token: AnswerToken, event: ev.MeterReadings, k: int) -> AnswerToken:
    proj, after = _row(event.proj, k), _row(event.after, k)
    return replace(token, proj=proj, after=after, hits=_row(event.hits, k), values=_row(event.values, k))


def _row(columns: Mapping[str, tuple[float, ...]], k: int) -> dict[str, float]:
    return {name: float(values[k]) for name, values in columns.items() if k < len(values)}
