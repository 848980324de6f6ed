"""Random walks over a tape: steps, dial turns, caps, going back, insertions, turns, errors and lanes.

A walk remembers by itself which passes have survived. A fresh run of them on an untouched cache says what cache and
logits must be.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor

import core
from core.generation.prefill import feed_in_chunks
from core.mixer.mixer import Channel, Mixer
from core.model.cache import Tape, phase_spans
from core.model.cache_layers import empty_cache
from core.model.hooks import EagerPass
from tests.core import reference

OPERATIONS = {
    "step": 10,
    "dial": 3,
    "cap": 2,
    "rewind": 5,
    "inject": 3,
    "turn": 3,
    "undo": 2,
    "fail": 1,
    "rebuild": 0.5,
}
LANE_OPERATIONS = {**OPERATIONS, "share": 2, "join": 2, "leave": 3}
LANES = 3
OTHERS_CUT = 5
"""Tokens per pass of lanes that are encoded for themselves."""


@dataclass(frozen=True)
class WalkPass:
    """A pass of one lane as it was made; what is behind `stop` was taken back later."""

    start: int
    stop: int
    ids: tuple[int, ...]
    phases: tuple[str, ...]
    mixer: Mixer
    ages: tuple[float, ...]


@dataclass
class Walk:
    """One walk of a model; `lanes` are the surviving passes of each lane."""

    model: core.Model
    seed: int
    operations: dict[str, float] = field(default_factory=lambda: dict(OPERATIONS))

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self.tape = Tape(self.model)
        self.lanes: list[list[WalkPass]] = [[]]
        self.turns: list[int] = []
        self.done: list[str] = []
        vectors = reference.vector(0), reference.vector(1)
        push, cap = (Channel(vector, 0.0, "unit", layers=[1, 2]) for vector in vectors)
        self.mixer = Mixer((push.__class__(push.vector, 3.0, "unit", layers=[1, 2]), cap))
        self.age = 0
        self.logits: Tensor | None = None

    def run(self, operations: int) -> None:
        self.turn()
        for _ in range(operations):
            [name] = self.random.choices(list(self.operations), list(self.operations.values()))
            getattr(self, name)()
            self.done.append(name)
        if "join" in self.operations:
            self._end_in_lanes()
        # A last step shows the state that going back has left.
        self._feed([[self._token()] for _ in self.lanes], ["answer"])

    def _end_in_lanes(self) -> None:
        """Several lanes, and a rewind in which each goes back."""
        self.join()
        for _ in range(3):
            self.step()
        self._go_back(len(self.tape) - 2)

    # Operations --------------------------------------------------------------------------------------------------

    def step(self) -> None:
        for _ in range(self.random.randint(1, 4)):
            self._feed([[self._token()] for _ in self.lanes], ["answer"])

    def dial(self) -> None:
        self.age = 0
        settings: dict[str, Any] = {
            "scale": self.random.uniform(-6, 6),
            "half_life": self.random.choice([None, None, 5.0]),
            "scope": self.random.choice(["all", "all", "response", "prompt"]),
        }
        self.mixer = self.mixer.edit(0, **settings)

    def cap(self) -> None:
        self.mixer = self.mixer.cap(1, ceiling=self.random.choice([None, -0.5, 0.2]))

    def rewind(self) -> None:
        self._go_back(max(0, len(self.tape) - self.random.randint(1, 30)))

    def inject(self) -> None:
        self._feed_many(self.random.randint(2, 8), "answer")

    def turn(self) -> None:
        self.turns.append(len(self.tape))
        self.tape.begin_answer(lambda kind, **data: None)
        self._feed_many(self.random.randint(3, 90), "prompt")

    def undo(self) -> None:
        if self.turns:
            self._go_back(self.turns.pop())

    def fail(self) -> None:
        """An error inside the second block, after the first has changed its part of the cache."""

        def hiccup(*_: Any) -> None:
            raise RuntimeError("a hiccup")

        handle = self.model.layers[1].register_forward_pre_hook(hiccup)
        try:
            self.tape.feed([[1, 2, 3]] * len(self.lanes), ["answer"] * 3, self._plan())
        except RuntimeError:
            pass
        finally:
            handle.remove()

    def rebuild(self) -> None:
        rows, phases = self.tape.clear()
        self.lanes = [[] for _ in rows]
        if phases:
            self._feed_rows(rows, phases)

    def share(self) -> None:
        """One lane's past for several."""
        if len(self.lanes) == 1 and len(self.tape):
            self.tape.repeat_lane(LANES)
            self.lanes = [list(self.lanes[0]) for _ in range(LANES)]

    def join(self) -> None:
        """Lanes that are encoded for themselves, with cuts and steering of their own."""
        if len(self.lanes) > 1 or not len(self.tape):
            return
        others = self.tape.new_empty(LANES - 1)
        mixers = self._mixers(LANES)[1:]
        ids = [list(self.tape.ids[0]) for _ in mixers]
        # Another text in the last lane.
        ids[-1] = [(token + 1) % self.model.vocab_size for token in ids[-1]]
        cuts = deque(range(OTHERS_CUT, len(self.tape), OTHERS_CUT))
        mine, self.lanes = self.lanes, [[] for _ in mixers]
        plan = self.model.planner.plan(mixers)
        before = 0
        for done, _ in feed_in_chunks(others, ids, self.tape.phases, plan, edges=cuts):
            now = slice(before, done)
            self._note(before, [row[now] for row in ids], self.tape.phases[now], mixers, (), others)
            before = done
        self.tape.append_lanes(others)
        self.lanes = [*mine, *self.lanes]

    def leave(self) -> None:
        if len(self.lanes) > 1:
            lane = self.random.randrange(len(self.lanes))
            self.tape.keep_lane(lane)
            self.lanes = [self.lanes[lane]]

    # Passes ------------------------------------------------------------------------------------------------------

    def _feed_many(self, count: int, phase: str) -> None:
        self._feed_rows(
            [[self._token() for _ in range(count)] for _ in self.lanes],
            [phase] * (count - 1) + ["answer"],
        )

    def _feed_rows(self, rows: list[list[int]], phases: list[str]) -> None:
        start, before, plan = len(self.tape), 0, self._plan()
        for done, logits in feed_in_chunks(self.tape, rows, phases, plan):
            now = slice(before, done)
            mixers = self._mixers(len(self.lanes))
            self._note(start + before, [row[now] for row in rows], phases[now], mixers, plan.ages, self.tape)
            before, self.logits = done, logits

    def _feed(self, rows: list[list[int]], phases: list[str]) -> None:
        plan, start = self._plan(), len(self.tape)
        self.logits = self.tape.feed(rows, phases, plan)
        self._note(start, rows, phases, self._mixers(len(self.lanes)), plan.ages, self.tape)
        self.age += 1

    def _note(
        self,
        start: int,
        rows: list[list[int]],
        phases: list[str],
        mixers: tuple[Mixer, ...],
        ages: tuple[float, ...],
        tape: Tape,
    ) -> None:
        size = 1 if tape.one_at_a_time and start else len(phases)
        for at in range(0, len(phases), size):
            now = slice(at, at + size)
            for passes, row, mixer in zip(self.lanes, rows, mixers, strict=True):
                ids, named = tuple(row[now]), tuple(phases[now])
                passes.append(WalkPass(start + at, start + at + len(ids), ids, named, mixer, ages))

    def _go_back(self, length: int) -> None:
        self.tape.crop(length)
        kept = self.lanes if self.tape.n_lanes > 1 else self.lanes[:1]
        self.lanes = [
            [replace(each, stop=min(each.stop, length)) for each in passes if each.start < length]
            for passes in kept
        ]
        self.turns = [turn for turn in self.turns if turn <= length]

    def _plan(self) -> Any:
        ages = (float(self.age),) * len(self.mixer.channels)
        return self.model.planner.plan(self._mixers(len(self.lanes)), ages=ages)

    def _mixers(self, count: int) -> tuple[Mixer, ...]:
        return (self.mixer, self.mixer.bypass(), self.mixer.dosed(0.5))[:count]

    def _token(self) -> int:
        return self.random.randrange(3, 250)

    # The fresh run -----------------------------------------------------------------------------------------------

    def fresh_run(self, lane: int) -> tuple[Any, Tensor]:
        """Cache and last logits of a lane's surviving passes, run alone."""
        cache = empty_cache(self.model.hf)
        logits = None
        for each in self.lanes[lane]:
            # Columns can be left out of a pass; a state has to be made without what was taken back.
            whole = self.tape.past is None
            ids = each.ids if whole else each.ids[: each.stop - each.start]
            logits = self._run(cache, replace(each, ids=ids))
            if whole and each.stop - each.start < len(ids):
                cache.crop(each.stop - each.start - len(ids))
        assert logits is not None
        return cache, logits

    def _run(self, cache: Any, each: WalkPass) -> Tensor:
        plan = self.model.planner.plan([each.mixer], ages=each.ages)
        ids = torch.tensor([each.ids])
        given: dict[str, Any] = {self.tape.cache_keyword: cache, "use_cache": True}
        if self.tape._takes_positions:
            given["position_ids"] = torch.arange(each.start, each.start + len(each.ids))[None]
        steering = EagerPass(phase_spans(each.phases[: len(each.ids)], plan))
        with torch.inference_mode(), self.model.steering.steering_with(steering):
            out = self.model.hf(input_ids=ids, **given, **self.tape.last_only)
        last: Tensor = out.logits[:, -1].float()
        return last


def state_differences(cache: Any, other: Any) -> Iterator[str]:
    """Where two caches of one row are not equal to the bit."""
    for number, (mine, theirs) in enumerate(zip(cache.layers, other.layers, strict=True)):
        for name, value in vars(theirs).items():
            # Room for tokens to come holds anything.
            if name != "_room" and not _is_equal(getattr(mine, name), value):
                yield f"layer {number}: {name}"


def _is_equal(mine: Any, theirs: Any) -> bool:
    if isinstance(theirs, dict):
        return mine.keys() == theirs.keys() and all(_is_equal(mine[key], theirs[key]) for key in theirs)
    if isinstance(theirs, Tensor):
        return torch.equal(mine, theirs)
    return bool(mine == theirs)
