"""A tape whose single tokens are played by a compiled step once one is ready; everything else goes as on any tape.

The past moves as it is: into the step's static cache when single tokens begin, back into a dynamic one for prompts,
rewinds, injections and changes of lanes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from torch import Tensor

from core.compiled.seating import demand
from core.compiled.size import Size, size_for
from core.compiled.step import Step
from core.layer import Reading
from core.plan import Plan
from core.tape import Tape

if TYPE_CHECKING:
    from core.model import Model


class CompiledTape(Tape):
    """Asks the model's workshop for a step of the right size, and lends its past to it."""

    def __init__(self, model: Model, n_lanes: int = 1, *, at_once: bool = False) -> None:
        super().__init__(model, n_lanes)
        self.at_once = at_once
        self.step: Step | None = None
        self._demand: tuple[Plan | None, int, int] = None, 0, 0
        self._tell: Callable[..., None] = lambda kind, **data: None

    def begin(self, tell: Callable[..., None]) -> None:
        self._tell = tell
        for news in self.model.workshop.settle():
            tell("compile", text=news)
        self.model.workshop.check_again()

    def blank(self, n_lanes: int) -> Tape:
        other = CompiledTape(self.model, n_lanes, at_once=self.at_once)
        other._tell = self._tell
        return other

    def prepare(self, plan: Plan) -> Plan:
        self.model.workshop.prepare(plan)
        return plan

    def feed(
        self,
        rows: Sequence[Sequence[int]],
        phases: Sequence[str],
        plan: Plan,
        readings: list[Reading] | None = None,
    ) -> Tensor:
        """One token per lane goes to the step, if there is one; what it cannot do, eager decoding does."""
        if len(phases) == 1 and len(self) and self._ready(plan):
            logits = self._played([row[0] for row in rows], phases[0], plan, readings)
            if logits is not None:
                self.compiled = True
                return logits
        self.leave()
        self.compiled = False
        return super().feed(rows, phases, plan, readings)

    def crop(self, length: int) -> None:
        self.leave()
        super().crop(length)

    def fan_out(self, n_lanes: int) -> None:
        self.leave()
        super().fan_out(n_lanes)

    def keep(self, lane: int) -> None:
        if self.n_lanes > 1:
            self.leave()
        super().keep(lane)

    def join(self, other: Tape) -> None:
        self.leave()
        super().join(other)

    def forget(self) -> tuple[list[list[int]], list[str]]:
        self.step = None
        return super().forget()

    def leave(self) -> None:
        """Take the past back from the step."""
        if self.step is not None:
            step, self.step = self.step, None
            self.cache = self._empty()
            step.give(self.cache, len(self))

    def _ready(self, plan: Plan) -> bool:
        """Whether a step holds the past by now and has room for this plan and one more token."""
        step, wanted = self.step, self._size(plan, len(self) + 1)
        if step is None or not step.size.holds(wanted):
            found = self.model.workshop.fitting(wanted) or self._asked(wanted)
            if found is None:
                return False
            self.leave()
            found.take(self, self.cache, len(self))
            self.step, self.cache = found, self._empty()
        return True

    def _size(self, plan: Plan, capacity: int) -> Size:
        if self._demand[0] is not plan:
            self._demand = plan, *demand(plan)
        return Size(self.n_lanes, capacity, *self._demand[1:])

    def _asked(self, wanted: Size) -> Step | None:
        """Nobody has such a step: have one made, with some room to grow. It may be there at once."""
        size = size_for(wanted.lanes, wanted.capacity, self.model.max_context, wanted.slots, wanted.caps)
        news = self.model.workshop.ask(size, self.at_once)
        if news is None:
            return None
        self._tell("compile", text=news)
        return self.model.workshop.fitting(wanted)

    def _played(
        self, tokens: list[int], phase: str, plan: Plan, readings: list[Reading] | None
    ) -> Tensor | None:
        """The step's logits; nothing when it failed, which ends its service."""
        assert self.step is not None
        try:
            logits = self.step.play(tokens, plan.phases[phase])
        except Exception as error:  # whatever a graph can raise, the same token can be played eagerly
            self.model.workshop.drop(self.step)
            self._tell("compile", text=f"back to eager decoding: {' '.join(str(error).split())[:200]}")
            return None
        if readings is not None:
            readings.extend(self.step.bank.readings(plan.phases[phase]))
        for lane, token in zip(self.ids, tokens, strict=True):
            lane.append(token)
        self.phases.append(phase)
        return logits
