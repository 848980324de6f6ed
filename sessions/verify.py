"""Does a recorded session happen again? Every answer is spoken anew, dial for dial, and held against the journal.

The tokens themselves say what steered them (each is stamped with its mixer), so the replay turns its dials by the
stamps; prefill edges, lanes, rewinds and distractors are repeated where the journal has them. The grade is the
worst of the answers': bit-exact (ids and log-probabilities), token-exact (ids), forced (other ids, but put into its
mouth the recorded ones have the same log-probabilities within rounding), or diverged, with the first place.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any, TypeGuard

from core.errors import BadInput
from core.jobs import Job, Row, gpu
from core.mixer import Mixer
from sessions import events as ev
from sessions.desk import mix_of
from sessions.folding import fold
from sessions.forced import Prompter
from sessions.lines import Record
from sessions.spoken import messages
from sessions.stage import sha_of, the_models
from sessions.state import State
from sessions.studio import Speech

LIVED = (ev.Tok, ev.Meter, ev.Rewind, ev.Inject, ev.Chunk, ev.Stop)
GRADES = ("bit-exact", "token-exact", "forced", "diverged")


@dataclass(frozen=True)
class Check:
    """How one answer compared; `first_divergence` is one of its tokens (-1: already its prompt), None for none.
    `compiled` of its tokens were made by a compiled step, and are compared with eager ones: bits are not promised."""

    gen: int
    grade: str
    tokens: int
    first_divergence: int | None = None
    worst: float = 0.0
    compiled: int = 0


@dataclass(frozen=True)
class Take:
    """One answer as it was recorded: what it replied to, and everything that happened in it, in order."""

    gen: ev.Gen
    talk: list[dict[str, str]]
    lived: tuple[ev.Event, ...] = ()

    def then(self, event: ev.Event) -> Take:
        """With what happened next, but for its newest token once more: the end of a cut character came too late for
        the line it had been written in."""
        last = next((each for each in reversed(self.lived) if spoken(each)), None)
        if spoken(event) and last and (event.i, event.ids, event.lp) == newest(last):
            return self
        return replace(self, lived=(*self.lived, event))

    @property
    def edges(self) -> tuple[int, ...]:
        return tuple(event.end for event in self.lived if isinstance(event, ev.Chunk))

    @property
    def settings(self) -> dict[str, Any]:
        """Decoded eagerly: when a compiled step takes over depends on the day."""
        plain = the_models(self.gen.settings)
        plain |= {"compile": False} if "compile" in plain else {}
        return plain | ({"edges": self.edges} if self.edges else {})


def spoken(event: ev.Event) -> TypeGuard[ev.Tok]:
    return isinstance(event, ev.Tok) and event.lane == 0


def newest(event: ev.Tok) -> tuple[int, tuple[int, ...], tuple[Any, ...]]:
    """Its last token: place, id, log-probability."""
    return event.i + len(event.ids) - 1, event.ids[-1:], event.lp[-1:]


def verify(instrument: Any, records: Iterable[Record], vectors: Mapping[str, Any]) -> Job:
    """The job; its summary has `grade`, `first_divergence` and `answers`. `vectors` by sha256."""
    takes = recorded(records)
    if not takes:
        raise BadInput("no answer was spoken in this session: there is nothing to verify")
    mixers = played(records, vectors)
    checks: list[Check] = []
    for take in takes:
        check = yield gpu(partial(_compared, instrument, take, mixers))
        checks.append(Check(**check))
        yield Row("answers", str(take.gen.gen), check)
        if checks[-1].grade == "diverged":
            worst = yield gpu(partial(_forced, instrument, takes, mixers))
            return summary(checks, len(takes), worst)
    return summary(checks, len(takes))


def _forced(instrument: Any, takes: list[Take], mixers: Mapping[str, Mixer]) -> float | None:
    """The largest difference of all forced log-probabilities; None when that is more than rounding."""
    prompter = Prompter(instrument.model, mixers)
    worst = prompter.hear(takes) if all(take.gen.prompt_ids for take in takes) else math.inf
    return worst if worst <= prompter.tolerance else None


def summary(checks: list[Check], answers: int, forced: float | None = None) -> dict[str, Any]:
    """An answer after a divergence has another past than the recorded one: only forced can it be judged.
    `forced`: the largest difference of log-probabilities, if all answers were forced within tolerance."""
    worst = max((GRADES.index(check.grade) for check in checks), default=0)
    wrong = next((check for check in checks if check.grade == "diverged"), None)
    place = None if wrong is None else {"gen": wrong.gen, "at": wrong.first_divergence}
    return {
        "grade": GRADES[worst] if forced is None else "forced",
        "first_divergence": place,
        "forced_worst": forced,
        "answers": [asdict(check) for check in checks],
        "compiled": sum(check.compiled for check in checks),
        "unverified": answers - len(checks) if forced is None else 0,
    }


def recorded(records: Iterable[Record]) -> list[Take]:
    """Every answer of a journal that began to be spoken."""
    state = State()
    begun: dict[int, Take] = {}
    for record in records:
        event = record.event
        if isinstance(event, ev.Gen):
            begun[event.gen] = Take(event, messages(state.path(event.parent)))
        elif isinstance(event, LIVED) and event.gen in begun:
            begun[event.gen] = begun[event.gen].then(event)
        state = fold(state, record)
    return [take for take in begun.values() if any(isinstance(event, ev.Tok) for event in take.lived)]


def played(records: Iterable[Record], vectors: Mapping[str, Any]) -> dict[str, Mixer]:
    """The mixers that tokens are stamped with, by their hash."""

    def find(name: str, sha256: str | None) -> Any:
        if sha256 is None or sha256 not in vectors:
            raise BadInput(f"vector {str(sha256)[:12]}… missing: {name!r} was played in this session")
        return vectors[sha256]

    empty = Mixer()
    states = [record.event.state for record in records if isinstance(record.event, ev.Mixer)]
    known = [empty, *(Mixer.from_json(state, find) for state in states)]
    return {mix_of(mixer.to_json()): mixer for mixer in known}


def _compared(instrument: Any, take: Take, mixers: Mapping[str, Mixer]) -> dict[str, Any]:
    return asdict(replayed(instrument, take, mixers))


def replayed(instrument: Any, take: Take, mixers: Mapping[str, Mixer]) -> Check:
    """One answer again, on the GPU thread. What found nothing on the cache began in another engine or on a branch."""
    if not take.gen.reused:
        instrument.forget()
    mix = next(event.mix for event in take.lived if isinstance(event, ev.Tok))
    speech = instrument.speak(take.talk, mixers[mix], take.settings)
    if sha_of(speech.prompt_ids) != take.gen.prompt_sha or speech.reused != take.gen.reused:
        speech.answer.cancel()
        return Check(take.gen.gen, "diverged", 0, -1)
    return Replay(speech, mix, mixers).of(take)


class Replay:
    """Drives one answer through what it lived, and compares."""

    def __init__(self, speech: Speech, mix: str, mixers: Mapping[str, Mixer]) -> None:
        self._speech, self._answer = speech, speech.answer
        self._steps = iter(self._answer)
        self._mix, self._mixers = mix, mixers
        self._spoken: dict[int, Any] = {}
        self._tokens = 0
        self._worst = 0.0

    def of(self, take: Take) -> Check:
        wrong = next((at for at in map(self._live, take.lived) if at is not None), None)
        ended = next((e.reason for e in reversed(take.lived) if isinstance(e, ev.Stop)), "lost")
        if wrong is not None or ended not in ("eos", "stop", "length", "context"):
            self._answer.cancel()
        extra = next(self._steps, None)
        if wrong is None and extra is not None:
            wrong = extra.index
            self._answer.cancel()
            next(self._steps, None)
        grade = "diverged" if wrong is not None else "token-exact" if self._worst else "bit-exact"
        compiled = sum(len(e.ids) for e in take.lived if isinstance(e, ev.Tok) and e.by == "compiled")
        return Check(take.gen.gen, grade, self._tokens, wrong, self._worst, compiled)

    def _live(self, event: ev.Event) -> int | None:
        """Makes one recorded event happen; the token at which it did not come out the same."""
        if isinstance(event, ev.Rewind):
            self._answer.rewind(event.dropped)
            self._answer.settle()
        elif isinstance(event, ev.Inject):
            self._speech.inject(event.text, event.how)
            self._answer.settle()
        elif isinstance(event, ev.Tok):
            return self._beside(event) if event.lane else self._speak(event)
        elif isinstance(event, ev.Meter):
            self._thought(event)
        return None

    def _speak(self, event: ev.Tok) -> int | None:
        if event.mix != self._mix:
            self._answer.set(self._mixers[event.mix])
            self._mix = event.mix
        probabilities = event.lp or (None,) * len(event.ids)
        for at, (token, lp) in enumerate(zip(event.ids, probabilities, strict=True), event.i):
            step = next(self._steps, None)
            if step is None or (step.index, step.token_id) != (at, token):
                return at
            self._tokens += 1
            self._spoken[at] = step
            self._differ(step.logprob, lp)
        return None

    def _beside(self, event: ev.Tok) -> int | None:
        """What another lane said at the same steps."""
        probabilities = event.lp or (None,) * len(event.ids)
        for at, (token, lp) in enumerate(zip(event.ids, probabilities, strict=True), event.i):
            voice = self._spoken[at].voices[event.lane - 1]
            if voice.token_id != token:
                return at
            self._differ(voice.logprob, lp)
        return None

    def _thought(self, event: ev.Meter) -> None:
        """What a forced lane thought of the tokens."""
        for at, lp in enumerate(event.values.get("lp0", ()), event.i):
            for seen in self._spoken[at].forced.values():
                self._differ(seen.logprob, lp)

    def _differ(self, now: float, then: float | None) -> None:
        if then is not None and now != float(then):
            self._worst = max(self._worst, abs(now - float(then)))
