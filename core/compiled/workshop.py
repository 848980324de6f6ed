"""Builds and caches compiled decode steps.

A tape requests a step, a child process precompiles it, and it is installed between two answers.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import torch

from core.compiled.graph_step import GraphStep
from core.compiled.layout import slot_demand
from core.compiled.precompile import PrecompileProcess, error_words, use_own_cache
from core.compiled.size import MOST_CAPS, GraphSize
from core.compiled.static_layers import foreign_layer
from core.compiled.verify import verify_step
from core.model.cache import Tape, cache_keyword
from core.steering.plan import Plan

if TYPE_CHECKING:
    from core.model.model import Model

MARGIN = 1.2
MOST_STEPS = 6
"""Most steps kept at once, because each has a static cache as long as its context."""


class GraphBuilder:
    """The compiled steps of one model. Every method but `prepare_tables` must run on the decode thread."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.refusal = refusal_reason(model)
        self._steps: dict[GraphSize, GraphStep] = {}
        self._tried: set[GraphSize] = set()
        self._child_processes: dict[GraphSize, PrecompileProcess | None] = {}

    def find_step(self, wanted: GraphSize) -> GraphStep | None:
        """The smallest verified step that covers `wanted`; it becomes the most recently used one."""
        sizes = [size for size in self._steps if size.covers(wanted)]
        if not sizes:
            return None
        size = min(sizes, key=lambda size: (size.capacity, size.slots))
        # The dictionary is ordered by use: a step that is used goes to its end.
        self._steps[size] = self._steps.pop(size)
        return self._steps[size]

    def request_step(self, size: GraphSize, at_once: bool = False) -> str | None:
        """Precompile an untried size in a child process, or build it now; returns a notice or None."""
        if size in self._tried:
            return None
        # Before the attempt, so that a size that fails is not requested again at every token.
        self._tried.add(size)
        if self.refusal is not None or size.caps > MOST_CAPS:
            reason = self.refusal or f"{size.caps} capped directions at one layer are too many for a graph"
            return f"decoding stays eager: {reason}"
        try:
            # None stands for no room for a child: the step is then built without one.
            child = PrecompileProcess(self.model, size) if child_process_fits(self.model) else None
        except OSError as error:
            return f"decoding stays eager: {error_words(error)}"
        if at_once:
            return self._build_after(size, child)
        self._child_processes[size] = child
        return f"a step for {size} is being compiled; decoding stays eager until it is ready"

    def install_finished(self) -> Iterator[str]:
        """Build the steps whose child process has finished; slow, so call it between two answers."""
        yield from self.stop_overdue()
        ready = [size for size, child in self._child_processes.items() if child is None or child.finished]
        for size in ready:
            yield self._build_after(size, self._child_processes.pop(size))

    def stop_overdue(self) -> Iterator[str]:
        """Stop the child processes that take too long; cheap, so it can be asked at every token."""
        late = [(size, child) for size, child in self._child_processes.items() if child and child.is_overdue]
        for size, child in late:
            del self._child_processes[size]
            yield _give_up(child)

    def _build_after(self, size: GraphSize, child: PrecompileProcess | None) -> str:
        """Build a step once its child has compiled it; unlike this process, a child can be stopped in time."""
        if child is not None:
            child.wait()
            if not child.succeeded:
                return _give_up(child)
        return self.build_step(size)

    def build_step(self, size: GraphSize) -> str:
        """Compile a step now, verify it, and keep it only if it is verified; no other pass runs meanwhile."""
        use_own_cache()
        self._tried.add(size)
        began = time.perf_counter()
        # Tracing patches torch for the whole process, so no pass may run during it.
        with self.model.steering.lock:
            try:
                step = GraphStep(self.model, size)
                step.compile_graph()
                verdict = verify_step(step)
            except Exception as error:  # compilers raise errors of any class; eager decoding continues
                return f"decoding stays eager: {error_words(error)}"
        if not verdict.is_sound:
            return f"decoding stays eager: the compiled step does not agree with it ({verdict})"
        self.add_step(step)
        return f"a compiled step for {size} takes over ({verdict}; {time.perf_counter() - began:.1f} s)"

    def add_step(self, step: GraphStep) -> None:
        """Add a step, dropping the least recently used beyond the limit; tapes using one keep it."""
        self._steps[step.size] = step
        while len(self._steps) > MOST_STEPS:
            oldest = next(iter(self._steps))
            del self._steps[oldest]
            # A dropped size may be requested again.
            self._tried.discard(oldest)

    def drop_step(self, step: GraphStep) -> None:
        """Stop offering a step that failed in use."""
        # The size stays in `_tried`, so a graph that failed is not built again.
        self._steps.pop(step.size, None)

    def recheck_guards(self) -> None:
        for step in self._steps.values():
            step.recheck_guards()

    def prepare_tables(self, plan: Plan) -> None:
        """Build the coefficient tables of a new plan on the thread that changes the mixer."""
        slots, caps = slot_demand(plan)
        # A copy: the decode thread may add or drop steps meanwhile.
        for step in list(self._steps.values()):
            # Capacity 0: the plan says nothing about how long the text is.
            if step.size.covers(GraphSize(len(plan.lanes), 0, slots, caps)):
                for layers in {id(layers): layers for layers in plan.phases.values()}.values():
                    step.table_for(layers)


def graph_builder(model: Model) -> GraphBuilder:
    """The model's graph builder, made on first use and freed with the model."""
    if GraphBuilder not in model.attached:
        # If two threads get here at once, both go on with the same builder.
        model.attached.setdefault(GraphBuilder, GraphBuilder(model))
    found: GraphBuilder = model.attached[GraphBuilder]
    return found


def _give_up(child: PrecompileProcess) -> str:
    told = f"decoding stays eager: {child.error_text}"
    child.stop()
    return told


def child_process_fits(model: Model) -> bool:
    """Whether the GPU has room for a child's uninitialised weights; on CPU they cost nothing."""
    if model.device.type != "cuda":
        return True
    weights = sum(p.numel() * p.element_size() for p in model.hf.parameters())
    return torch.cuda.mem_get_info(model.device)[0] > MARGIN * weights


def refusal_reason(model: Model) -> str | None:
    """The reason why this model cannot be compiled, or None."""
    hf = model.hf
    if (kind := foreign_layer(Tape(model).cache)) is not None:
        return f"its cache has layers of a kind that a compiled step has no place for ({kind})"
    if (keyword := cache_keyword(model)) != "past_key_values":
        return f"it takes its cache as {keyword}, for which compiled steps are not made"
    devices = {site.device for site in model.anatomy.sites}
    if len(devices) > 1:
        return f"the model is spread over {len(devices)} devices"
    if any(hasattr(module, "_hf_hook") for module in hf.modules()):
        return "parts of the model are offloaded"
    if getattr(hf, "hf_quantizer", None) is not None:
        return "the model is quantised"
    if getattr(hf, "_hf_peft_config_loaded", False):
        return "the model has an adapter"
    # The compiler that torch looks for; on a GPU it needs none.
    cpp = os.environ.get("CXX", "clang++" if sys.platform == "darwin" else "g++")
    if model.device.type == "cpu" and shutil.which(cpp) is None:
        return f"there is no C++ compiler {cpp!r}; install it, or name another one in CXX"
    return None
