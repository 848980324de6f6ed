"""Where a model's compiled steps are made: asked for by tapes, warmed by children, finished between two answers."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import torch

from core.compiled.proof import judge
from core.compiled.seating import demand
from core.compiled.size import MOST_CAPS, Size
from core.compiled.step import Step
from core.compiled.warm import Warming, use_own_cache
from core.plan import Plan
from core.tape import Tape

if TYPE_CHECKING:
    from core.model import Model

LAST_WORDS = 200
MARGIN = 1.2
MOST_STEPS = 6
"""Every step has a cache of its own, as long as its context: more sizes than these are not kept at once."""


class Workshop:
    """The steps of one model. Everything but `prepare` belongs to the thread that decodes."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.refusal = refusal(model)
        self._steps: dict[Size, Step] = {}
        self._tried: set[Size] = set()
        self._warming: dict[Size, Warming | None] = {}

    def fitting(self, wanted: Size) -> Step | None:
        """The smallest proven step with at least that much room; the one used last is the last to go."""
        sizes = [size for size in self._steps if size.holds(wanted)]
        if not sizes:
            return None
        size = min(sizes, key=lambda size: (size.capacity, size.slots))
        self._steps[size] = self._steps.pop(size)
        return self._steps[size]

    def ask(self, size: Size, at_once: bool = False) -> str | None:
        """Let a child begin on a size that nobody has tried, or make it here and now; what came of it, in words."""
        if size in self._tried:
            return None
        self._tried.add(size)
        if self.refusal is not None or size.caps > MOST_CAPS:
            reason = self.refusal or f"{size.caps} capped directions at one layer are too many for a graph"
            return f"decoding stays eager: {reason}"
        if at_once:
            return self.build(size)
        try:
            self._warming[size] = Warming(self.model, size) if child_fits(self.model) else None
        except OSError as error:
            return f"decoding stays eager: {' '.join(str(error).split())[:LAST_WORDS]}"
        return f"a step for {size} is being compiled; eager decoding serves meanwhile"

    def settle(self) -> Iterator[str]:
        """Finish what the children prepared; called between two answers, because it takes seconds."""
        ready = [size for size, child in self._warming.items() if child is None or child.finished]
        for size in ready:
            child = self._warming.pop(size)
            if child is None or child.succeeded:
                yield self.build(size)
            else:
                yield f"decoding stays eager: {child.complaint}"

    def wait(self) -> None:
        for child in filter(None, self._warming.values()):
            child.wait()

    def build(self, size: Size) -> str:
        """Compile here and now, prove, and keep only what is proven; no other pass runs meanwhile."""
        use_own_cache()
        self._tried.add(size)
        began = time.perf_counter()
        with self.model.steering.lock:
            try:
                step = Step(self.model, size)
                step.seal()
                verdict = judge(step)
            except Exception as error:  # a compiler brings errors of every class; eager decoding goes on
                return f"decoding stays eager: {' '.join(str(error).split())[:LAST_WORDS]}"
        if not verdict.sound:
            return f"decoding stays eager: the compiled step does not agree with it ({verdict})"
        self.keep(step)
        return f"a compiled step for {size} takes over ({verdict}; {time.perf_counter() - began:.1f} s)"

    def keep(self, step: Step) -> None:
        """One too many makes room; a past that is lent to it goes on there until it is taken back."""
        self._steps[step.size] = step
        while len(self._steps) > MOST_STEPS:
            oldest = next(iter(self._steps))
            del self._steps[oldest]
            self._tried.discard(oldest)

    def drop(self, step: Step) -> None:
        """A step that failed in use does not serve again."""
        self._steps.pop(step.size, None)

    def check_again(self) -> None:
        for step in self._steps.values():
            step.check_again()

    def prepare(self, plan: Plan) -> None:
        """Lay the tables of a new plan on the thread that turned the dial."""
        slots, caps = demand(plan)
        for step in list(self._steps.values()):
            if step.size.holds(Size(len(plan.lanes), 0, slots, caps)):
                for layers in {id(layers): layers for layers in plan.phases.values()}.values():
                    step.table(layers)


def child_fits(model: Model) -> bool:
    """A child's empty weights cost nothing on a CPU, but as much as the real ones on a GPU."""
    if model.device.type != "cuda":
        return True
    weights = sum(p.numel() * p.element_size() for p in model.hf.parameters())
    return torch.cuda.mem_get_info(model.device)[0] > MARGIN * weights


def refusal(model: Model) -> str | None:
    """Why this model has no compiled step, if it can have none."""
    hf = model.hf
    if not Tape(model).rewinds:
        return "the model keeps a running state instead of a cache of tokens"
    devices = {site.device for site in model.anatomy.sites}
    if len(devices) > 1:
        return f"the model is spread over {len(devices)} devices"
    if any(hasattr(module, "_hf_hook") for module in hf.modules()):
        return "parts of the model are offloaded"
    if getattr(hf, "hf_quantizer", None) is not None:
        return "the model is quantised"
    if getattr(hf, "_hf_peft_config_loaded", False):
        return "the model has an adapter"
    return None
