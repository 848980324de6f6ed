"""Turns a mixer into a plan for one model: per layer, the few tensors that a forward pass needs.

Layers whose channels only add use one precombined push, however many channels there are. Layers where a
channel gains or caps (or the norm is kept) run a K-space program (`core.steering.algebra`). Lanes are batch rows with
coefficients of their own. Plans are made on the thread that changes the mixer; the decode thread only swaps
them in (`core.generation.mixer_queue`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypedDict

import torch
from torch import Tensor

from core.errors import BadInput
from core.mixer.effects import Norms, channel_effects
from core.mixer.mixer import Mixer, VectorLike
from core.recent import LruCache
from core.steering import shared_rows
from core.steering.effect_table import EffectTable
from core.steering.floats import FloatProgram
from core.steering.layer_plan import LayerPlan, Program
from core.steering.vector_rows import VectorRows

FEW_LANES = 8
PHASES = ("prompt", "thinking", "answer", "tool")
PHASES_OF_SCOPE: Mapping[str, tuple[str, ...]] = {
    "all": PHASES,
    "prompt": ("prompt",),
    "response": ("thinking", "answer", "tool"),
    "thinking": ("thinking",),
    "answer": ("answer", "tool"),
}
Meters = Mapping[int, Sequence[int]]
Layers = tuple[LayerPlan | None, ...]


def acting_channels(mixer: Mixer, phase: str) -> tuple[int, ...]:
    """Indices of the channels that act at positions of this phase."""
    return tuple(
        i
        for i in mixer.active_indices()
        if phase in PHASES_OF_SCOPE[mixer.channels[i].scope] and phase not in mixer.channels[i].not_in
    )


class LayerParts(TypedDict, total=False):
    """Fields of a `LayerPlan`, collected from the channels and the meters."""

    push: Tensor
    rows: Tensor
    program: Program
    float_programs: tuple[FloatProgram, ...]
    meter_rows: Tensor
    channels: tuple[int, ...]


@dataclass(frozen=True)
class Plan:
    """Ready-to-run steering of all lanes; `decays`: coefficients depend on how old each setting is, its `ages`."""

    lanes: tuple[Mixer, ...]
    phases: Mapping[str, Layers]
    meters: Meters
    decays: bool
    ages: tuple[float, ...] = ()


@dataclass
class Planner:
    """Makes plans for one model; rows and Gram matrices are cached, so a changed scale costs little.

    `refuse` raises for a mixer that this model cannot play as it is set.
    """

    devices: Sequence[torch.device]
    dtypes: Sequence[torch.dtype]
    hidden_size: int
    norms: Norms
    refuse: Callable[[Mixer], None] = lambda mixer: None
    _row_cache: LruCache[VectorRows] = field(default_factory=lambda: LruCache(64))
    _shared_row_cache: LruCache[shared_rows.SharedRows] = field(default_factory=lambda: LruCache(1024))
    _meter_row_cache: LruCache[Tensor] = field(default_factory=lambda: LruCache(256))

    def plan(self, lanes: Sequence[Mixer], meters: Meters | None = None, ages: Sequence[float] = ()) -> Plan:
        """One plan for all lanes; `meters` lists, per channel, the layers to measure projections at.

        `ages` are the numbers of tokens for which each channel has been unchanged.
        """
        meters = meters or {}
        for mixer in lanes:
            self.refuse(mixer)
        # One object for phases in which the same channels act: `phase_spans` compares by identity.
        alike: dict[tuple[tuple[int, ...], ...], Layers] = {}
        phases: dict[str, Layers] = {}
        for phase in PHASES:
            acting = tuple(acting_channels(mixer, phase) for mixer in lanes)
            if acting not in alike:
                alike[acting] = self._plan_layers(lanes, acting, meters, ages)
            phases[phase] = alike[acting]
        decays = any(c.half_life is not None for mixer in lanes for c in mixer.channels)
        return Plan(tuple(lanes), phases, meters, decays, tuple(ages))

    def vector_rows(self, vector: VectorLike) -> VectorRows:
        # VectorRows keeps the vector alive, so its id is not reused while the entry exists.
        key = getattr(vector, "sha256", None) or id(vector)
        return self._row_cache.get_or_make(key, lambda: VectorRows(vector, self.devices, self.hidden_size))

    def _plan_layers(
        self,
        lanes: Sequence[Mixer],
        acting: Sequence[Sequence[int]],
        meters: Meters,
        ages: Sequence[float],
    ) -> Layers:
        score = self._effect_table(lanes, acting, ages)
        keep_norm = [m.keep_norm and not m.bypassed for m in lanes]
        parts: dict[int, LayerParts] = {layer: {"push": push} for layer, push in self._pushes(score)}
        for layer in score.dense:
            parts[layer] = self._plan_dense_layer(score, layer, keep_norm)
        # After the dense layers, whose assignment would overwrite the meter rows.
        for layer, gauge in self._plan_meters(lanes[0], meters).items():
            parts.setdefault(layer, {}).update(gauge)
        return tuple(LayerPlan(**parts[layer]) if layer in parts else None for layer in range(score.n_layers))

    def _effect_table(
        self, lanes: Sequence[Mixer], acting: Sequence[Sequence[int]], ages: Sequence[float]
    ) -> EffectTable:
        score = EffectTable(len(self.devices), len(lanes))
        for lane, mixer in enumerate(lanes):
            for i in acting[lane]:
                channel = mixer.channels[i]
                age = ages[i] if i < len(ages) else 0.0
                values = channel_effects(channel, score.n_layers, self.norms, age)
                score.add_effects(
                    lane, self.vector_rows(channel.vector), channel.label, values, mixer.keep_norm
                )
        return score

    def _pushes(self, score: EffectTable) -> Iterator[tuple[int, Tensor]]:
        """Σ a·v̂ where channels only add: one weighted sum of all rows per device, split into layers."""
        folded = list(score.additive_pushes())
        for where in dict.fromkeys(self.devices) if folded else ():
            total = torch.zeros((), device=where)
            for stack, table in folded:
                shelf = next(s for s in stack.by_device if s.matrix.device == where)
                weights = torch.tensor([table[layer] for layer in shelf.layers], device=where)
                total = total + weights[..., None] * shelf.matrix[:, None]
            for layer, row in zip(
                shelf.layers, total.to(self.dtypes[shelf.layers[0]]).unbind(0), strict=True
            ):
                # Where all pushes are zero there is no plan, and the hook passes the output on.
                if any(any(table[layer]) for _, table in folded):
                    # [lanes, 1, d] broadcasts over positions; one lane's [d] broadcasts as it is.
                    push = row[0] if score.n_lanes == 1 else row[:, None]
                    yield layer, push.to(self.dtypes[layer])

    def _plan_dense_layer(self, score: EffectTable, layer: int, keep_norm: Sequence[bool]) -> LayerParts:
        stacks = score.vectors_at(layer)
        where = self._shared_row_cache.get_or_make(
            (layer, *stacks), lambda: shared_rows.merge_rows(stacks, layer)
        )
        lanes = [shared_rows.row_effects(score, stacks, where, lane, layer) for lane in range(score.n_lanes)]
        arrays = shared_rows.build_program(lanes, where.gram, keep_norm)
        # No float programs here: they would make the device wait for the host at every token.
        if self.devices[layer].type != "cpu":
            return {"rows": where.rows, "program": shared_rows.as_tensors(arrays, self.devices[layer])}
        alone = [arrays]
        if score.n_lanes > 1:
            each = zip(lanes, keep_norm, strict=True) if score.n_lanes <= FEW_LANES else ()
            alone = [shared_rows.build_program([lane], where.gram, [keep]) for lane, keep in each]
        return {
            "rows": where.rows,
            "program": arrays,
            "float_programs": tuple(map(FloatProgram.from_program, alone)),
        }

    def _plan_meters(self, mixer: Mixer, meters: Meters) -> dict[int, LayerParts]:
        read: dict[int, dict[int, VectorRows]] = {}
        playing = mixer.bypass(False).active_indices()  # a bypass can end at any token: check these too
        for i, wanted in meters.items():
            if i >= len(mixer.channels):
                continue  # removed from the mixer after the meters were set
            stack = self._rows_if_fitting(mixer.channels[i].vector, plays=i in playing)
            for layer in wanted:
                if stack and layer in stack.rows:
                    read.setdefault(layer, {})[i] = stack
        return {
            layer: {"meter_rows": self._meter_rows(layer, tuple(found.values())), "channels": tuple(found)}
            for layer, found in read.items()
        }

    def _rows_if_fitting(self, vector: VectorLike, *, plays: bool) -> VectorRows | None:
        """Rows of a vector; None for a muted vector that does not fit this model, raises if it would act."""
        try:
            return self.vector_rows(vector)
        except BadInput:
            if plays:
                raise
            return None

    def _meter_rows(self, layer: int, stacks: tuple[VectorRows, ...]) -> Tensor:
        return self._meter_row_cache.get_or_make(
            (layer, *stacks), lambda: torch.stack([s.rows[layer] for s in stacks])
        )
