"""Permanent forward hooks: one per decoder block, installed once at load and never removed.

During a pass a hook calls the active steerer for its layer; between passes it does nothing. (torch ignores
hooks added or removed after a compiled call, so these stay.) One forward pass uses one set of plans.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import torch
from torch import Tensor, nn

from core.errors import ModelError
from core.model.block_probe import BlockOutput, Site
from core.steering.layer_plan import LayerPlan
from core.steering.meters import MeterReading
from core.steering.plan import Layers, Plan

OutputHook = Callable[[int, Tensor], None]
BlockInputs: TypeAlias = tuple[Tensor | None, ...]
ForwardHook: TypeAlias = Callable[[nn.Module, BlockInputs, BlockOutput], BlockOutput | None]


class PassSteerer(Protocol):
    """Steers the block outputs of the current forward pass."""

    def steer(self, layer: int, hidden: Tensor) -> Tensor: ...


@dataclass(frozen=True)
class EagerPass:
    """Steering of one eager forward pass: layer plans per span of positions, and a list for readings."""

    spans: Sequence[tuple[int, int, Layers]]
    readings: list[MeterReading] | None = None

    def steer(self, layer: int, hidden: Tensor) -> Tensor:
        if len(self.spans) == 1:
            plan = self.spans[0][2][layer]
            return hidden if plan is None else plan.steer(layer, hidden, self.readings)
        parts = [
            self._steer_span(layer, hidden[:, start:stop], layers[layer])
            for start, stop, layers in self.spans
        ]
        return torch.cat(parts, dim=1)

    def _steer_span(self, layer: int, hidden: Tensor, plan: LayerPlan | None) -> Tensor:
        return hidden if plan is None else plan.steer(layer, hidden, self.readings)


class UnsizedPass:
    """Steering of passes of unknown length: the last position counts as answer, earlier ones as prompt."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.is_uniform = len({id(layers) for layers in plan.phases.values()}) == 1

    def steer(self, layer: int, hidden: Tensor) -> Tensor:
        length, answer = hidden.shape[1], self.plan.phases["answer"]
        if self.is_uniform or length == 1:
            return EagerPass([(0, length, answer)]).steer(layer, hidden)
        prompt = self.plan.phases["prompt"]
        return EagerPass([(0, length - 1, prompt), (length - 1, length, answer)]).steer(layer, hidden)


class SteeringHooks:
    """The hooks of one model, the active steerer, and the lock that serialises passes."""

    def __init__(self, blocks: Sequence[nn.Module], sites: Sequence[Site]) -> None:
        self.blocks, self.sites = tuple(blocks), tuple(sites)
        self.lock = threading.RLock()
        self._steerer: PassSteerer | None = None
        self._output_hooks: Mapping[int, OutputHook] = {}
        for layer, block in enumerate(self.blocks):
            block.register_forward_hook(self._hook(layer))

    def _hook(self, layer: int) -> ForwardHook:
        def hook(_block: nn.Module, _args: BlockInputs, output: BlockOutput) -> BlockOutput | None:
            player, taps = self._steerer, self._output_hooks
            if player is None and not taps:
                return None
            hidden = output[0] if isinstance(output, tuple) else output
            steered = hidden if player is None else player.steer(layer, hidden)
            # Output hooks see the steered state, the one that the next block reads.
            if layer in taps:
                taps[layer](layer, steered)
            if steered is hidden:
                return None
            return (steered, *output[1:]) if isinstance(output, tuple) else steered

        return hook

    @contextmanager
    def steering_with(self, player: PassSteerer | None) -> Iterator[None]:
        """Steer every forward pass inside with `player`; other threads' passes wait."""
        with self.lock:
            # The outer steerer comes back at the end: the lock is reentrant, so contexts may nest.
            before, self._steerer = self._steerer, player
            try:
                yield
            finally:
                self._steerer = before

    @contextmanager
    def hooking_outputs(self, layers: Sequence[int], look: OutputHook) -> Iterator[None]:
        """Call `look(layer, output)` with these blocks' steered outputs; an exception ends the pass."""
        with self.lock:
            before, self._output_hooks = self._output_hooks, dict.fromkeys(layers, look)
            try:
                yield
            finally:
                self._output_hooks = before

    def check_hooks(self, forward: Callable[[], Tensor], final_norm: nn.Module | None = None) -> None:
        """Push every block once and check that exactly the pushed state reaches the next module."""
        probe = _Probe()
        followers = [*self.blocks[1:], *([final_norm] if final_norm is not None else [])]
        handles = [
            follower.register_forward_pre_hook(probe.arrival_hook(layer), with_kwargs=True)
            for layer, follower in enumerate(followers)
        ]
        try:
            with self.steering_with(probe), torch.no_grad():
                forward()
        finally:
            for handle in handles:
                handle.remove()
        deaf = [layer for layer in range(len(followers)) if layer not in probe.arrived]
        if deaf:
            raise ModelError(
                f"steering does not take effect behind block {deaf[0]} ({type(self.blocks[deaf[0]]).__name__}): "
                "its output is not what the next block reads; name other blocks with --layers-path"
            )


class _Probe:
    """A steerer that adds a known pattern at every layer and records where it arrives unchanged."""

    def __init__(self) -> None:
        self.sent: dict[int, Tensor] = {}
        self.arrived: set[int] = set()

    def steer(self, layer: int, hidden: Tensor) -> Tensor:
        pattern = torch.linspace(0.5, 1.5, hidden.shape[-1], device=hidden.device, dtype=hidden.dtype)
        self.sent[layer] = hidden + pattern
        return self.sent[layer]

    def arrival_hook(
        self, layer: int
    ) -> Callable[[nn.Module, BlockInputs, Mapping[str, Tensor | None]], None]:
        def look(_follower: nn.Module, args: BlockInputs, kwargs: Mapping[str, Tensor | None]) -> None:
            sent = self.sent.get(layer)
            # Architectures pass the state by position or by keyword.
            for got in (*args, *kwargs.values()):
                if (
                    isinstance(got, Tensor)
                    and sent is not None
                    and got.shape == sent.shape
                    and _equal_states(got, sent)
                ):
                    self.arrived.add(layer)

        return look


def _equal_states(got: Tensor, sent: Tensor) -> bool:
    # Under a device map the next block may get a copy on its own device.
    return torch.equal(got.to(sent.device, sent.dtype), sent)
