"""Which experts a lane's tokens were sent to, and the share of them that another lane's were not sent to.

In a model of experts each layer's router hands its choice, [tokens, k] numbers of experts, to the module named
`experts`. A hook in front of it reads them, only while an eager pass is measured: other passes and dense models have no
such hook. Where that module gets no numbers nothing is measured: in Llama 4 every expert gets all tokens, times a
weight that is 0 for most.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from core.model.model import Model

NAME = "experts"


@dataclass(frozen=True)
class ExpertModules:
    """The modules of one model that experts are chosen for, by layer from the first; none in a dense model."""

    modules: tuple[nn.Module, ...]


def expert_modules(model: Model) -> tuple[nn.Module, ...]:
    """The model's expert modules, looked for once."""
    if ExpertModules not in model.attached:
        found = [part for path, part in model.hf.named_modules() if path.rpartition(".")[2] == NAME]
        model.attached[ExpertModules] = ExpertModules(tuple(found))
    kept: ExpertModules = model.attached[ExpertModules]
    return kept.modules


class ExpertRouting:
    """The choices of the passes that were read: per layer tensors [lanes, positions, k], in the order of the passes."""

    def __init__(self, n_lanes: int) -> None:
        self.n_lanes = n_lanes
        self._chosen: defaultdict[int, list[Tensor]] = defaultdict(list)

    def read(
        self, layer: int, _module: nn.Module, args: tuple[object, ...], kwargs: Mapping[str, object]
    ) -> None:
        """The hook in front of one layer's experts."""
        chosen = _expert_numbers(args, kwargs)
        if chosen is not None:
            # Rows and positions were flattened in that order.
            self._chosen[layer].append(chosen.view(self.n_lanes, -1, chosen.shape[-1]))

    @property
    def layers(self) -> tuple[int, ...]:
        """The layers of experts whose choice was read."""
        return tuple(sorted(self._chosen))

    def choices(self, back: int, lane: int) -> list[set[int]]:
        """Per layer of experts, those of one lane at the position `back` places before the end (1: the last)."""
        rows = [self._row(layer, back)[lane] for layer in self.layers]
        if not rows:
            return []
        # One copy from the device for all layers: each would wait for it.
        flat = torch.cat([row.to(rows[0].device) for row in rows]).tolist()
        ends = torch.tensor([len(row) for row in rows]).cumsum(0).tolist()
        return [set(flat[end - len(row) : end]) for row, end in zip(rows, ends, strict=True)]

    def changed_share(self, back: int, lane: int) -> float | None:
        """The share of lane 0's experts, over all layers, that `lane` did not choose; None if nothing was read."""
        own, other = self.choices(back, 0), self.choices(back, lane)
        total = sum(map(len, own))
        return (
            sum(len(mine - theirs) for mine, theirs in zip(own, other, strict=True)) / total
            if total
            else None
        )

    def _row(self, layer: int, back: int) -> Tensor:
        """One layer's choice at a position [lanes, k], which may lie before the last pass."""
        for chosen in reversed(self._chosen[layer]):
            if back <= chosen.shape[1]:
                return chosen[:, -back]
            back -= chosen.shape[1]
        raise IndexError(f"no pass that was read reaches {back} positions further back")


@contextmanager
def reading_experts(model: Model, routing: ExpertRouting | None) -> Iterator[None]:
    """Read the choices of the forward pass inside; nothing is hooked without `routing`."""
    modules = () if routing is None else expert_modules(model)
    handles = [
        module.register_forward_pre_hook(partial(routing.read, layer), with_kwargs=True)
        for layer, module in enumerate(modules)
        if routing is not None
    ]
    try:
        yield
    finally:
        # Removed at once: a compiled step's guards would take a hook for a change of the model.
        for handle in handles:
            handle.remove()


def _expert_numbers(args: tuple[object, ...], kwargs: Mapping[str, object]) -> Tensor | None:
    """The argument with the chosen experts: the one of whole numbers."""
    whole = (torch.int64, torch.int32)
    tensors = (each for each in (*args, *kwargs.values()) if isinstance(each, Tensor))
    return next((each for each in tensors if each.dtype in whole and each.dim() == 2), None)
