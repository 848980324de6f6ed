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
from sessions.journal.codec import Record
from sessions.journal.events import RECORDING
from sessions.state.mixer_words import summary
from sessions.state.state import REPORTS, Candidate, Desk, Marker, Running, State, Task, Token, Turn

Tokens: TypeAlias = tuple[Token, ...]


def fold(state: State, record: Record) -> State:
    """The state after one more event; a kind without a handler only advances the sequence number."""
    step = STEPS.get(record.event.t)
    return replace(step(state, record.event) if step else state, seq=record.n)


def fold_all(records: Iterable[Record], state: State | None = None) -> State:
    state = state or State()
    for record in records:
        state = fold(state, record)
    return state


def _open(state: State, event: ev.Open) -> State:
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
        running=None,
        model=None,
        clients={},
        unrecorded="",
        closed=None,
    )


def _model(state: State, event: ev.Model) -> State:
    return replace(state, model=None if event.state == "unloaded" else event)


def _vector(state: State, event: ev.Vector) -> State:
    others = {name: vector for name, vector in state.vectors.items() if name != event.name}
    return replace(state, vectors=others if event.removed else {**others, event.name: event})


def _turn(state: State, event: ev.Turn) -> State:
    return replace(_keep(state, Turn(event.turn, event.parent, event.role, event.text)), head=event.turn)


def _gen(state: State, event: ev.Gen) -> State:
    said = str(event.settings.get("prefill", ""))
    words = summary(state.desk.state)
    markers = (Marker(0, "mixer", words),) if words else ()
    answer = Turn(
        event.turn, event.parent, "assistant", said, event.gen, markers=markers, settings=event.settings
    )
    return replace(_keep(state, answer), head=event.turn, running=Running(event.gen, event.turn))


def _mixer(state: State, event: ev.Mixer) -> State:
    state = replace(state, desk=Desk(event.state, event.rev, event.mix))
    return _marked(state, event.gen, Marker(event.at, "mixer", event.words))


def _tok(state: State, event: ev.Tok) -> State:
    new = tuple(
        Token(token, text, None if lp is None else float(lp), event.mix, by=event.by)
        for token, text, lp in zip_longest(event.ids, event.text, event.lp)
    )
    return _in_lane(state, event, lambda tokens: _padded(tokens, event.i) + new)


def _top(state: State, event: ev.Top) -> State:
    """Alternatives of the unsteered lane are attached to the tokens of the answer as well."""
    others = event.other or ((),) * len(event.ids)
    columns = zip(event.ids, event.text, event.p, others, strict=True)
    rows = [tuple(starmap(Candidate, zip_longest(*row))) for row in columns]

    def topped(turn: Turn) -> Turn:
        here = turn.tokens[event.i : event.i + len(rows)]
        pairs = zip(here, rows, strict=False)
        new = [replace(token, top0=row) if event.lane else replace(token, top=row) for token, row in pairs]
        return replace(turn, tokens=(*turn.tokens[: event.i], *new, *turn.tokens[event.i + len(new) :]))

    return _on_answer(state, event.gen, topped)


def _meter(state: State, event: ev.Meter) -> State:
    return _in_lane(state, event, lambda tokens: _metered(tokens, event))


def _inject(state: State, event: ev.Inject) -> State:
    return _marked(state, event.gen, Marker(event.at, "inject", event.text, event.how))


def _note(state: State, event: ev.Note) -> State:
    return _marked(state, event.gen, Marker(event.at, "note", event.text))


def _mark(state: State, event: ev.Mark) -> State:
    return _marked(state, event.gen, Marker(event.at, "mark", event.label))


def _rebuild(state: State, event: ev.Rebuild) -> State:
    return _marked(state, event.gen, Marker(event.at, "rebuild", f"cache rebuilt, {event.tokens} tokens"))


def _rewind(state: State, event: ev.Rewind) -> State:
    """Removed tokens and their markers leave the state; the journal still has them."""

    def shortened(turn: Turn) -> Turn:
        lanes = {lane: tokens[: event.to] for lane, tokens in turn.lanes.items()}
        markers = tuple(m for m in turn.markers if m.at <= event.to)
        return replace(turn, tokens=turn.tokens[: event.to], lanes=lanes, markers=markers)

    state = _on_answer(state, event.gen, shortened)
    return _marked(state, event.gen, Marker(event.to, "rewind", f"{event.dropped} tokens taken back"))


def _pause(state: State, event: ev.Pause) -> State:
    running = state.running and replace(state.running, paused=event.paused)
    return replace(state, running=running)


def _stop(state: State, event: ev.Stop) -> State:
    state = _on_answer(state, event.gen, lambda turn: replace(turn, stop=event.reason))
    return replace(state, running=None, error=event.message or state.error)


def _job(state: State, event: ev.Job) -> State:
    task = state.jobs.get(event.job, Task(event.job, event.kind, event.state, event.params))
    if event.event:
        task = replace(task, reports=(*task.reports, event.event)[-REPORTS:], told=task.told + 1)
    task = replace(task, state=event.state, message=event.message or task.message)
    return replace(state, jobs={**state.jobs, event.job: task})


def _attach(state: State, event: ev.Attach) -> State:
    return replace(state, clients={**state.clients, event.client: event.role})


def _detach(state: State, event: ev.Detach) -> State:
    return replace(state, clients={c: role for c, role in state.clients.items() if c != event.client})


def _gap(state: State, event: ev.Gap) -> State:
    """Recording works again: count the missing events and clear the warning."""
    return replace(state, lost=state.lost + event.lost, unrecorded="")


def _error(state: State, event: ev.Error) -> State:
    unrecorded = event.message if event.code == RECORDING else state.unrecorded
    return replace(state, error=event.message, unrecorded=unrecorded)


def _close(state: State, event: ev.Close) -> State:
    return replace(state, closed=event.reason, running=None)


STEPS: Mapping[str, Callable[[State, Any], State]] = {
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
    "job": _job,
    "attach": _attach,
    "detach": _detach,
    "gap": _gap,
    "error": _error,
    "close": _close,
}


def _keep(state: State, turn: Turn) -> State:
    return replace(state, turns={**state.turns, turn.id: turn})


def _on_answer(state: State, gen: int | None, change: Callable[[Turn], Turn]) -> State:
    """The state with one answer changed; unchanged if the line that started the answer could not be read."""
    turn = next((turn for turn in reversed([*state.turns.values()]) if turn.gen == gen), None)
    return state if gen is None or turn is None else _keep(state, change(turn))


def _in_lane(state: State, event: ev.Tok | ev.Meter, change: Callable[[Tokens], Tokens]) -> State:
    def changed(turn: Turn) -> Turn:
        if event.lane == 0:
            return replace(turn, tokens=change(turn.tokens))
        return replace(turn, lanes={**turn.lanes, event.lane: change(turn.lanes.get(event.lane, ()))})

    return _on_answer(state, event.gen, changed)


def _marked(state: State, gen: int | None, marker: Marker) -> State:
    """Add a marker to its answer; it replaces a mixer marker at the same token."""

    def marked(turn: Turn) -> Turn:
        kept = tuple(m for m in turn.markers if not (m.kind == marker.kind == "mixer" and m.at == marker.at))
        return replace(turn, markers=(*kept, marker))

    return _on_answer(state, gen, marked)


def _padded(tokens: Tokens, count: int) -> Tokens:
    """Exactly `count` tokens; blanks stand for tokens whose journal line could not be read."""
    return tokens[:count] + (Token(-1, ""),) * (count - len(tokens))


def _metered(tokens: Tokens, event: ev.Meter) -> Tokens:
    """The tokens with their measurements added; measurements of removed tokens are dropped."""
    columns = (event.proj, event.after, event.hits, event.values)
    count = max((len(values) for column in columns for values in column.values()), default=0)
    measured = tuple(_with_row(token, event, k) for k, token in enumerate(tokens[event.i : event.i + count]))
    return tokens[: event.i] + measured + tokens[event.i + len(measured) :]


def _with_row(token: Token, event: ev.Meter, k: int) -> Token:
    proj, after = _row(event.proj, k), _row(event.after, k)
    return replace(token, proj=proj, after=after, hits=_row(event.hits, k), values=_row(event.values, k))


def _row(columns: Mapping[str, tuple[float, ...]], k: int) -> dict[str, float]:
    return {name: float(values[k]) for name, values in columns.items() if k < len(values)}
