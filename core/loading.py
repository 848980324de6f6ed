"""From a model's name to a resident, steerable model."""

from __future__ import annotations

from typing import Any

import torch

from core import fingerprint
from core.anatomy import PROBE_IDS, examine, input_device, text_config
from core.model import Model
from core.steering import Steering

UNLIMITED = 10**9


def adopt(hf: Any, tokenizer: Any = None, name: str = "adopted", *, layers_path: str | None = None, identity: str | None = None) -> Model:
    """Make a Hugging Face model that is already built steerable: find its blocks, install the hooks, prove that they act."""
    hf.eval()
    anatomy = examine(hf, layers_path)
    steering = Steering(anatomy.blocks, anatomy.sites)
    steering.prove(lambda: _probe_logits(hf))
    return Model(
        hf=hf,
        tokenizer=tokenizer,
        name=name,
        anatomy=anatomy,
        steering=steering,
        fingerprint=identity or fingerprint.of_module(hf, _probe_logits(hf)),
        max_context=_max_context(hf, tokenizer),
    )


def _probe_logits(hf: Any) -> torch.Tensor:
    with torch.no_grad():
        return hf(input_ids=torch.tensor(PROBE_IDS, device=input_device(hf)), use_cache=False).logits


def _max_context(hf: Any, tokenizer: Any) -> int:
    """What the configuration promises, else what the tokenizer does (which writes 10^30 for `unknown`)."""
    promised = getattr(text_config(hf), "max_position_embeddings", None)
    return int(promised or min(getattr(tokenizer, "model_max_length", UNLIMITED), UNLIMITED))
