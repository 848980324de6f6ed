"""A loaded Hugging Face model with its blocks located, steering hooks installed and a fingerprint."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from core.errors import UsageError
from core.model.anatomy import Anatomy, input_device
from core.model.hooks import SteeringHooks
from core.model.tokenizer import Tokenizer
from core.regions.notations import Notation, find_notation
from core.regions.silent_scopes import refuse_silent_scopes
from core.steering.plan import Planner

if TYPE_CHECKING:
    from transformers import PreTrainedModel

SNAPSHOT_MEMORY = 2 * 10**9
"""Bytes for snapshots, unless said otherwise: a dozen of a model of 27 billion parameters."""


@dataclass(eq=False)
class Model:
    """A Hugging Face model with its blocks located, its hooks installed and its fingerprint known.

    `snapshot_limit` is how many bytes of host memory snapshots of running states may take.
    `warnings` are sentences for its user. `attached` holds one object per class that a module above made for this
    model; it is freed with it.
    """

    hf: PreTrainedModel
    tokenizer: Tokenizer | None
    name: str
    anatomy: Anatomy
    steering: SteeringHooks
    fingerprint: str
    max_context: int
    snapshot_limit: int = SNAPSHOT_MEMORY
    warnings: tuple[str, ...] = ()
    attached: dict[type, Any] = field(default_factory=dict, repr=False)

    @property
    def n_layers(self) -> int:
        return self.anatomy.n_layers

    @property
    def hidden_size(self) -> int:
        return self.anatomy.hidden_size

    @property
    def vocab_size(self) -> int:
        """Number of token ids that the input embedding knows."""
        return int(self.hf.get_input_embeddings().num_embeddings)

    @property
    def layers(self) -> list[nn.Module]:
        return list(self.anatomy.blocks)

    @property
    def device(self) -> torch.device:
        """Device for token ids; the blocks may run elsewhere (see anatomy.sites)."""
        return input_device(self.hf)

    @property
    def dtype(self) -> torch.dtype:
        return self.anatomy.sites[0].dtype

    @cached_property
    def planner(self) -> Planner:
        """Turns mixers into plans for this model."""
        sites = self.anatomy.sites
        devices, dtypes = [site.device for site in sites], [site.dtype for site in sites]
        # A function, so that norms are measured only when a relative scale needs them.
        return Planner(
            devices,
            dtypes,
            self.hidden_size,
            lambda: self.residual_norms,
            lambda mixer: refuse_silent_scopes(mixer, lambda: self.notation, self.name),
        )

    @property
    def notation(self) -> Notation | None:
        """How the tokenizer marks thoughts and tool calls, looked up once: the vocabulary of SmolLM2 alone takes
        30 ms to list.
        """
        known: tuple[Tokenizer | None, Notation | None] | None = self.attached.get(Notation)
        if known is None or known[0] is not self.tokenizer:
            known = self.attached[Notation] = self.tokenizer, find_notation(self.tokenizer)
        return known[1]

    @cached_property
    def residual_norms(self) -> dict[int, float]:
        """Mean ‖h‖ at each block's output: one unit of a `relative` scale."""
        from core.model.residual_norms import residual_norms

        return residual_norms(self)

    @cached_property
    def snapshot_bytes(self) -> int:
        """Bytes of one snapshot of the running states of one lane; 0 where going back needs none."""
        from core.model.cache import snapshot_bytes

        return snapshot_bytes(self)

    def use_adapter(self, on: bool) -> None:
        """Switch a loaded PEFT adapter on or off between two passes."""
        if not getattr(self.hf, "_hf_peft_config_loaded", False):
            raise UsageError(f"{self.name} has no adapter: load one with --adapter FOLDER")
        # Every steered pass holds this lock, so none runs with half of the adapter switched.
        with self.steering.lock:
            (self.hf.enable_adapters if on else self.hf.disable_adapters)()
