"""The tape: token ids, phases and key–value cache of one or more lanes.

A conversation is defined by the ids on its tape; text is decoded from them, never the other way round. The
cache has full layers everywhere (the mask does any window), each with room for the tokens to come, because only
such ones can rewind exactly; state-space layers get the cache that their configuration requires
and cannot rewind.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Container, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from transformers import DynamicCache

from core.errors import ModelError, OutOfMemory
from core.mixer.mixer import Mixer
from core.model.anatomy import text_config
from core.model.expert_routing import ExpertRouting, reading_experts
from core.model.hooks import EagerPass
from core.model.roomy_cache import roomy_cache
from core.steering.meters import MeterReading
from core.steering.plan import Layers, Plan

if TYPE_CHECKING:
    from core.model.model import Model

ATTENDS = {"full_attention", "sliding_attention", "chunked_attention", None}
RESTARTING = {"jamba", "mamba", "falcon_mamba", "zamba"}
"""Model types whose scan starts from zero whenever several tokens come at once, whatever came before."""


class Tape:
    """Cache and ids of one or more lanes; every lane has the same length."""

    def __init__(self, model: Model, n_lanes: int = 1) -> None:
        self.model = model
        self.ids: list[list[int]] = [[] for _ in range(n_lanes)]
        self.phases: list[str] = []
        self.mixers: tuple[Mixer, ...] = ()
        self.used_graph = False  # whether a compiled step made the last pass
        self.routing: ExpertRouting | None = None  # reads the experts chosen in eager passes, where it is set
        self.can_rewind = can_rewind(model)
        accepts = forward_parameters(model)
        self.one_at_a_time = getattr(text_config(model.hf), "model_type", None) in RESTARTING
        self.cache = self._empty()
        self.last_only = {"logits_to_keep": 1} if "logits_to_keep" in accepts else {}
        self._takes_positions = "position_ids" in accepts

    def __len__(self) -> int:
        return len(self.phases)

    @property
    def n_lanes(self) -> int:
        return len(self.ids)

    def begin_answer(self, tell: Callable[..., None]) -> None:
        """Called when an answer begins; `tell(kind, **data)` reports notices during that answer."""

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
                    past_key_values=self.cache,
                    use_cache=True,
                    **self._positions(ids),
                    **self.last_only,
                )
        except torch.OutOfMemoryError as error:
            self._trim()
            raise OutOfMemory(
                f"out of memory after {len(self)} tokens: end the session or shorten the context"
            ) from error
        except BaseException:
            # Blocks before the failing one have already appended this pass's keys to their caches.
            self._trim()
            raise
        # Only after a complete pass, so that ids and phases never run ahead of the cache.
        for lane, row in zip(self.ids, rows, strict=True):
            lane.extend(row)
        self.phases.extend(phases)
        return out.logits[:, -1].float()

    def _positions(self, ids: Tensor) -> dict[str, Tensor]:
        """The position of every new token: without it some models count from zero in each pass (Bamba)."""
        if not self._takes_positions:
            return {}
        positions = torch.arange(len(self), len(self) + ids.shape[1], device=ids.device)
        return {"position_ids": positions.expand_as(ids)}

    def set_cache_mixers(self, plan: Plan | None, *, fresh: bool) -> None:
        """Record the mixers the whole cache was computed under; empty once there was more than one set."""
        lanes = plan.lanes if plan is not None else ()
        self.mixers = lanes if fresh or self.mixers == lanes else ()

    def crop(self, length: int) -> None:
        """Remove everything after the first `length` positions, in every lane."""
        if length >= len(self):
            return
        self.require_token_cache("rewind")
        # The argument is minus the number of tokens to remove.
        self.cache.crop(length - len(self))
        for lane in self.ids:
            del lane[length:]
        del self.phases[length:]

    def repeat_lane(self, n_lanes: int) -> None:
        """Repeat one lane's cache for many lanes, so that a common prompt is encoded once."""
        self.require_token_cache("share a prompt between lanes")
        self.cache.batch_repeat_interleave(n_lanes)
        self.ids = [list(self.ids[0]) for _ in range(n_lanes)]

    def keep_lane(self, lane: int) -> None:
        """Drop all lanes but one."""
        if self.n_lanes > 1:
            self.require_token_cache("drop lanes")
            self.cache.batch_select_indices(torch.tensor([lane], device=self.model.device))
            self.ids = [self.ids[lane]]

    def append_lanes(self, other: Tape) -> None:
        """Append another tape's lanes: same length, each with its own cache."""
        self.require_token_cache("add lanes in a later turn")
        for mine, theirs in zip(self.cache.layers, other.cache.layers, strict=True):
            mine.keys = torch.cat([mine.keys, theirs.keys])
            mine.values = torch.cat([mine.values, theirs.values])
        self.ids.extend(other.ids)

    def clear(self) -> tuple[list[list[int]], list[str]]:
        """Empty the tape; returns its ids and phases, to be encoded again."""
        was = self.ids, self.phases
        self.ids, self.phases, self.cache = [[] for _ in self.ids], [], self._empty()
        return was

    def require_token_cache(self, what: str) -> None:
        """Raise if the model has no per-token cache; `what` names the refused operation."""
        if not self.can_rewind:
            raise ModelError(
                f"{self.model.name} keeps a running state instead of a cache of tokens: it cannot {what}"
            )

    def _empty(self) -> DynamicCache:
        return roomy_cache() if self.can_rewind else DynamicCache(config=self.model.hf.config)

    def _trim(self) -> None:
        """After an exception inside a block, cut every layer's cache back to the last complete token."""
        for layer in self.cache.layers if self.can_rewind else ():
            if getattr(layer, "keys", None) is not None and layer.is_initialized:
                layer.keys, layer.values = layer.keys[..., : len(self), :], layer.values[..., : len(self), :]
        # A running state cannot be cut back, so it is given up together with its ids.
        if not self.can_rewind or len(self) == 0:
            self.clear()


def can_rewind(model: Model) -> bool:
    """Whether every layer caches single tokens; a layer with a running state cannot go back."""
    return set(getattr(text_config(model.hf), "layer_types", None) or [None]) <= ATTENDS


def takes_cache(model: Model) -> bool:
    """Whether the model's forward pass takes a key–value cache."""
    return "past_key_values" in _parameters(model)


def forward_parameters(model: Model) -> Container[str]:
    """Parameters of the model's forward pass; raises if it takes no `past_key_values`."""
    if not takes_cache(model):
        raise ModelError(
            f"{type(_base_model(model)).__name__} keeps its past in a state of its own instead of a key–value cache: "
            "activations can be captured, but generation needs a key–value cache"
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
