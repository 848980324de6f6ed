"""The tape: token ids, phases and cache of one or more lanes.

A conversation is defined by the ids on its tape; text is decoded from them, never the other way round. Going back
cuts what the cache holds per token. Where it also holds running states, the tape records its `Past` and repeats the
passes behind the nearest snapshot.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Container, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from transformers.cache_utils import Cache

from core.errors import ModelError, OutOfMemory
from core.mixer.mixer import Mixer
from core.model.anatomy import text_config
from core.model.cache_layers import (
    cut_tokens,
    empty_cache,
    held_bytes,
    is_cut_by_length,
    join_rows,
    restore_cache,
    take_columns,
)
from core.model.expert_routing import ExpertRouting, reading_experts
from core.model.hooks import EagerPass
from core.model.past import Past, PastPass, open_lanes, snapshot_store
from core.steering.meters import MeterReading
from core.steering.plan import Layers, Plan

if TYPE_CHECKING:
    from core.model.model import Model

RESTARTING = {"jamba", "mamba", "falcon_mamba", "zamba"}
"""Model types whose scan starts from zero whenever several tokens come at once, whatever came before."""


CACHE_KEYWORDS = ("past_key_values", "cache_params")
"""The latter in pure state-space models (Mamba)."""


class Tape:
    """Cache and ids of one or more lanes; every lane has the same length."""

    def __init__(self, model: Model, n_lanes: int = 1) -> None:
        self.model = model
        self.ids: list[list[int]] = [[] for _ in range(n_lanes)]
        self.phases: list[str] = []
        self.mixers: tuple[Mixer, ...] = ()
        self.used_graph = False  # whether a compiled step made the last pass
        self.routing: ExpertRouting | None = None  # reads the experts chosen in eager passes, where it is set
        accepts = forward_parameters(model)
        self.cache_keyword = cache_keyword(model) or ""
        self.one_at_a_time = getattr(text_config(model.hf), "model_type", None) in RESTARTING
        self.cache = empty_cache(model.hf)
        self.past = None if is_cut_by_length(self.cache) else Past()
        self._is_broken = False  # an error inside a block left running states between two tokens
        self._repeated: tuple[tuple[object, ...], Plan] | None = None
        self.last_only = {"logits_to_keep": 1} if "logits_to_keep" in accepts else {}
        self._takes_positions = "position_ids" in accepts

    def __len__(self) -> int:
        return len(self.phases)

    @property
    def n_lanes(self) -> int:
        return len(self.ids)

    def begin_answer(self, tell: Callable[..., None]) -> None:
        """Called when an answer begins; `tell(kind, **data)` reports notices during that answer."""
        self.keep_snapshot()

    def prepare_plan(self, plan: Plan) -> Plan:
        """Prepare a plan on the thread that changes the mixer; subclasses do work here."""
        return plan

    def new_empty(self, n_lanes: int) -> Tape:
        """An empty tape of the same kind."""
        return Tape(self.model, n_lanes)

    def feed(
        self,
        rows: Sequence[Sequence[int]],
        phases: Sequence[str],
        plan: Plan,
        readings: list[MeterReading] | None = None,
    ) -> Tensor:
        """A steered forward pass over new ids of all lanes; last position's logits [lanes, vocabulary]."""
        # A pass over several tokens would forget the past of these models.
        size = 1 if self.one_at_a_time and len(self) else len(phases)
        for start in range(0, len(phases), size):
            now = slice(start, start + size)
            logits = self._run_pass([row[now] for row in rows], phases[now], plan, readings)
        return logits

    def _run_pass(
        self,
        rows: Sequence[Sequence[int]],
        phases: Sequence[str],
        plan: Plan,
        readings: list[MeterReading] | None,
    ) -> Tensor:
        # Here rather than after the error, which repeating the same passes at once might meet again.
        if self._is_broken:
            self._repeat_past()
        start = len(self)
        try:
            logits = self._forward(rows, phases, plan, readings, start)
        except BaseException:
            # Blocks before the failing one have already changed their part of the cache.
            self._drop_unfinished_pass()
            raise
        # Only after a complete pass, so that ids and phases never run ahead of the cache.
        for lane, row in zip(self.ids, rows, strict=True):
            lane.extend(row)
        self.phases.extend(phases)
        self._record_pass(start, plan)
        return logits

    def _record_pass(self, start: int, plan: Plan) -> None:
        """What going back needs to know of a pass that is complete."""
        if self.past is not None:
            self.past.passes.append(PastPass(start, len(self), plan.lanes, plan.ages))
            if self.past.is_snapshot_due(len(self)):
                self.keep_snapshot()

    def _forward(
        self,
        rows: Sequence[Sequence[int]],
        phases: Sequence[str],
        plan: Plan,
        readings: list[MeterReading] | None,
        start: int,
    ) -> Tensor:
        """One steered pass over ids that begin at position `start`; last position's logits."""
        player = EagerPass(phase_spans(phases, plan), readings)
        ids = torch.tensor(rows, device=self.model.device)
        try:
            with (
                torch.inference_mode(),
                self.model.steering.steering_with(player),
                reading_experts(self.model, self.routing),
            ):
                out = self.model.hf(
                    input_ids=ids,
                    use_cache=True,
                    **{self.cache_keyword: self.cache},
                    **self._positions(ids, start),
                    **self.last_only,
                )
        except torch.OutOfMemoryError as error:
            raise OutOfMemory(
                f"out of memory after {len(self)} tokens: end the session or shorten the context"
            ) from error
        last: Tensor = out.logits[:, -1].float()
        return last

    def _positions(self, ids: Tensor, start: int) -> dict[str, Tensor]:
        """The position of every new token: without it some models count from zero in each pass (Bamba)."""
        if not self._takes_positions:
            return {}
        positions = torch.arange(start, start + ids.shape[1], device=ids.device)
        return {"position_ids": positions.expand_as(ids)}

    def set_cache_mixers(self, plan: Plan | None, *, fresh: bool) -> None:
        """Record the mixers the whole cache was computed under; empty once there was more than one set."""
        lanes = plan.lanes if plan is not None else ()
        self.mixers = lanes if fresh or self.mixers == lanes else ()

    def crop(self, length: int) -> None:
        """Remove everything after the first `length` positions, in every lane."""
        if length >= len(self):
            return
        # Before lanes were opened there was one.
        if self.past is not None and length < self.past.opened_at:
            self.keep_lane(0)
        for lane in self.ids:
            del lane[length:]
        del self.phases[length:]
        if self.past is None:
            cut_tokens(self.cache, length)
        else:
            self.past.cut(length)
            self._repeat_past()

    def repeat_lane(self, n_lanes: int) -> None:
        """Repeat one lane's cache for many lanes, so that a common prompt is encoded once."""
        self._take_rows((0,) * n_lanes)
        if self.past is not None:
            self.past = open_lanes([self.past] * n_lanes, len(self))
            self.keep_snapshot()

    def keep_lane(self, lane: int) -> None:
        """Drop all lanes but one."""
        if self.n_lanes > 1:
            self._take_rows((lane,))
            if self.past is not None:
                self.past = self.past.for_lane(lane)

    def append_lanes(self, other: Tape) -> None:
        """Append another tape's lanes: same length, each with its own cache."""
        for tape in (self, other):
            if tape._is_broken:
                tape._repeat_past()
        # As passes do it: a state that was joined outside could not be written to in one.
        with torch.inference_mode():
            join_rows(self.cache, other.cache)
        if self.past is not None and other.past is not None:
            mine = [self.past.for_lane(lane) for lane in range(self.n_lanes)]
            self.past = open_lanes([*mine, *map(other.past.for_lane, range(other.n_lanes))], len(self))
        self.ids.extend(other.ids)
        self.keep_snapshot()

    def clear(self) -> tuple[list[list[int]], list[str]]:
        """Empty the tape; returns its ids and phases, to be encoded again."""
        was = self.ids, self.phases
        self.ids, self.phases, self.cache = [[] for _ in self.ids], [], empty_cache(self.model.hf)
        self.past, self._is_broken = None if self.past is None else Past(), False
        return was

    def keep_snapshot(self) -> None:
        """Take a snapshot of running states here, if there are any and memory for it: going back begins at one."""
        past, here = self.past, len(self)
        if past is None or self._is_broken or not here or past.nearest_snapshot(here)[0] == here:
            return
        past.tried_at = here
        snapshot = snapshot_store(self.model).take(self.cache, sparse=past.lacks_sparse(here))
        if snapshot is not None:
            past.snapshots[here] = snapshot

    def _take_rows(self, rows: tuple[int, ...]) -> None:
        if self._is_broken:
            self._repeat_past()
        with torch.inference_mode():
            # The only operation on rows that every class of layer has.
            self.cache.reorder_cache(torch.tensor(rows, device=self.model.device))
        self.ids = [list(self.ids[row]) for row in rows]

    def _repeat_past(self) -> None:
        """Make the cache of the ids again: the nearest snapshot, and the passes behind it as they were."""
        assert self.past is not None
        # Until it is done; an error here is met again by the next feed.
        self._is_broken = True
        # Experts of these passes were read when they were made.
        routing, self.routing = self.routing, None
        start, snapshot = self.past.nearest_snapshot(len(self))
        if snapshot is not None and snapshot.state.layers is not None:
            held = snapshot.state.layers
            self.cache = restore_cache(self.model.hf, self.cache, held, snapshot.rows, start)
        elif self.past.before:
            start, self.cache = self.past.opened_at, self._opened_again(self.past)
        else:
            self.cache = empty_cache(self.model.hf)
        for each in self.past.passes:
            if each.start >= start:
                now = slice(each.start, each.stop)
                rows = [lane[now] for lane in self.ids]
                self._forward(rows, self.phases[now], self._plan_again(each), None, each.start)
        self._is_broken, self.routing = False, routing

    def _opened_again(self, past: Past) -> Cache:
        """The cache when the lanes were opened, each lane made again by its own passes."""
        lanes = []
        for lane, before in enumerate(past.before):
            alone = Tape(self.model)
            alone.ids, alone.phases = [self.ids[lane][: past.opened_at]], self.phases[: past.opened_at]
            alone.past, alone.cache = before, take_columns(self.model.hf, self.cache, lane)
            alone._repeat_past()
            lanes.append(alone.cache)
        first, *rest = lanes
        with torch.inference_mode():
            for cache in rest:
                join_rows(first, cache)
        return first

    def _plan_again(self, was: PastPass) -> Plan:
        """The plan of an earlier pass, kept while passes follow that were steered alike."""
        key = (*map(id, was.lanes), was.ages)
        if self._repeated is None or self._repeated[0] != key:
            # The plan holds its mixers, so their ids are not reused meanwhile.
            self._repeated = key, self.model.planner.plan(was.lanes, ages=was.ages)
        return self._repeated[1]

    def _drop_unfinished_pass(self) -> None:
        """After an exception inside a block: back to the last complete token."""
        if self.past is not None:
            self._is_broken = True
        elif len(self):
            cut_tokens(self.cache, len(self))
        else:
            self.clear()


def cache_keyword(model: Model) -> str | None:
    """The parameter by which the forward pass takes its cache; None if it takes none."""
    return next((name for name in CACHE_KEYWORDS if name in _parameters(model)), None)


def forward_parameters(model: Model) -> Container[str]:
    """Parameters of the model's forward pass; raises if it takes no cache."""
    if cache_keyword(model) is None:
        raise ModelError(
            f"{type(_base_model(model)).__name__} takes no cache: activations can be captured, but generation needs one"
        )
    return _parameters(model)


def _parameters(model: Model) -> Container[str]:
    return inspect.signature(_base_model(model).forward).parameters


def _base_model(model: Model) -> nn.Module:
    # A PEFT wrapper's own forward takes *args and **kwargs only.
    base: nn.Module = getattr(model.hf, "get_base_model", lambda: model.hf)()
    return base


def phase_spans(phases: Sequence[str], plan: Plan) -> list[tuple[int, int, Layers]]:
    """Runs of positions with the same layer plans; one run when no channel depends on the phase."""
    found, start = [], 0
    # Compared by identity: phases that are steered alike share one tuple of layer plans.
    for _, run in groupby(phases, key=lambda phase: id(plan.phases[phase])):
        stop = start + len(names := list(run))
        found.append((start, stop, plan.phases[names[0]]))
        start = stop
    return found


def snapshot_bytes(model: Model) -> int:
    """Bytes of one snapshot: states have the same size at every length, so one token tells."""
    if cache_keyword(model) is None:
        return 0
    tape = Tape(model)
    if tape.past is not None:
        tape.feed([[0]], ["prompt"], model.planner.plan([Mixer()]))
    return held_bytes(tape.cache)
