"""A tape that decodes single tokens with a compiled step once one is ready, and everything else eagerly.

The cache is copied into the step's static cache when single tokens begin, and back into a dynamic one for
prompts, rewinds, injections and changes of lanes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from torch import Tensor

from core.compiled.graph_step import GraphStep
from core.compiled.layout import slot_demand
from core.compiled.size import GraphSize, size_for
from core.compiled.workshop import graph_builder
from core.model.cache import Tape
from core.model.cache_layers import empty_cache
from core.steering.meters import MeterReading
from core.steering.plan import Plan

if TYPE_CHECKING:
    from core.model.model import Model


GUARD_FAILED = "Detected recompile when torch.compile stance"
"""How the error begins that torch raises instead of compiling again."""


class CompiledTape(Tape):
    """Requests a compiled step of the right size from the model's graph builder and moves its cache there."""

    def __init__(self, model: Model, n_lanes: int = 1, *, at_once: bool = False) -> None:
        super().__init__(model, n_lanes)
        self.at_once = at_once
        self.step: GraphStep | None = None
        self._demand: tuple[Plan | None, int, int] = None, 0, 0
        self._notify: Callable[..., None] = lambda kind, **data: None

    def begin_answer(self, tell: Callable[..., None]) -> None:
        super().begin_answer(tell)
        self._notify = tell
        # Finished graphs are installed here: building one between two tokens would stall the answer.
        for news in graph_builder(self.model).install_finished():
            tell("compile", text=news)
        # A hook may have been added or an adapter switched since the last answer.
        graph_builder(self.model).recheck_guards()

    def new_empty(self, n_lanes: int) -> Tape:
        other = CompiledTape(self.model, n_lanes, at_once=self.at_once)
        other._notify = self._notify
        return other

    def prepare_plan(self, plan: Plan) -> Plan:
        graph_builder(self.model).prepare_tables(plan)
        return plan

    def feed(
        self,
        rows: Sequence[Sequence[int]],
        phases: Sequence[str],
        plan: Plan,
        readings: list[MeterReading] | None = None,
    ) -> Tensor:
        """Decode one token per lane with the compiled step if possible; feed everything else eagerly."""
        # A step continues a cache of at least one token; the first pass is always eager.
        if len(phases) == 1 and len(self) and not self._is_broken and self._attach_step(plan):
            logits = self._graph_logits([row[0] for row in rows], phases[0], plan, readings)
            if logits is not None:
                self.used_graph = True
                return logits
        self.return_cache()
        self.used_graph = False
        return super().feed(rows, phases, plan, readings)

    def crop(self, length: int) -> None:
        self.return_cache()
        super().crop(length)

    def repeat_lane(self, n_lanes: int) -> None:
        self.return_cache()
        super().repeat_lane(n_lanes)

    def keep_lane(self, lane: int) -> None:
        if self.n_lanes > 1:
            self.return_cache()
        super().keep_lane(lane)

    def append_lanes(self, other: Tape) -> None:
        self.return_cache()
        super().append_lanes(other)

    def keep_snapshot(self) -> None:
        if self.past is not None:
            self.return_cache()
        super().keep_snapshot()

    def clear(self) -> tuple[list[list[int]], list[str]]:
        # Not copied back: this cache is discarded.
        self.step = None
        return super().clear()

    def return_cache(self) -> None:
        """Copy the cache back from the compiled step."""
        if self.step is not None:
            step, self.step = self.step, None
            self.cache = empty_cache(self.model.hf)
            step.copy_cache_to(self.cache, len(self))

    def _attach_step(self, plan: Plan) -> bool:
        """Move the cache to a step that fits this plan and one more token; False if there is none yet."""
        step, wanted = self.step, self._needed_size(plan, len(self) + 1)
        if step is None or not step.size.covers(wanted):
            found = graph_builder(self.model).find_step(wanted) or self._request_step(wanted)
            if found is None:
                return False
            self.return_cache()
            found.take_cache(self, self.cache, len(self))
            self.step, self.cache = found, empty_cache(self.model.hf)
        return True

    def _needed_size(self, plan: Plan, capacity: int) -> GraphSize:
        if self._demand[0] is not plan:
            self._demand = plan, *slot_demand(plan)
        return GraphSize(self.n_lanes, capacity, *self._demand[1:])

    def _request_step(self, wanted: GraphSize) -> GraphStep | None:
        """Request a missing step, with some room to grow; returns it if it was built at once."""
        builder = graph_builder(self.model)
        for late in builder.stop_overdue():
            self._notify("compile", text=late)
        size = size_for(wanted.lanes, wanted.capacity, self.model.max_context, wanted.slots, wanted.caps)
        news = builder.request_step(size, self.at_once)
        if news is None:
            return None
        self._notify("compile", text=news)
        return builder.find_step(wanted)

    def _graph_logits(
        self, tokens: list[int], phase: str, plan: Plan, readings: list[MeterReading] | None
    ) -> Tensor | None:
        """Logits of the compiled step; None when it failed, after which it is not used again."""
        assert self.step is not None
        try:
            logits = self.step.decode_tokens(tokens, plan.phases[phase])
        except Exception as error:  # a graph may raise anything; the same token can be decoded eagerly
            graph_builder(self.model).drop_step(self.step)
            # A guard raises before the graph runs; behind it, running states may be a token ahead in some layers.
            if self.step.has_states and not str(error).startswith(GUARD_FAILED):
                self.return_cache()
                self._is_broken = True
                raise
            self._notify("compile", text=f"back to eager decoding: {' '.join(str(error).split())[:200]}")
            return None
        if readings is not None:
            readings.extend(self.step.buffers.meter_readings(plan.phases[phase]))
        for lane, token in zip(self.ids, tokens, strict=True):
            lane.append(token)
        self.phases.append(phase)
        self._record_pass(len(self) - 1, plan)
        return logits
