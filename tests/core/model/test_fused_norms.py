"""Norms in one call: the same bits, in every family that has such norms, and nothing else replaced."""

from __future__ import annotations

from copy import deepcopy

import pytest
import torch
from torch import nn

import core
from core.model.fused_norms import fuse_norms
from tests.core import zoo

PLAIN = ("llama", "qwen2", "qwen3", "qwen3-moe", "mistral", "mixtral", "phi3", "granite")
OTHERS = ("gemma2", "gemma3", "gpt2", "gpt-neox", "opt", "bloom", "falcon", "cohere", "stablelm")


@pytest.mark.parametrize("name", PLAIN)
def test_the_logits_are_the_same_to_the_last_bit(name: str) -> None:
    plain, fused, ids = zoo.build(name), zoo.build(name), zoo.ids(2, 9)
    assert fuse_norms(fused) >= 2 * zoo.LAYERS + 1
    with torch.no_grad():
        assert torch.equal(plain(ids).logits, fused(ids).logits)
        assert torch.equal(plain(ids[:1, :1]).logits, fused(ids[:1, :1]).logits)


@pytest.mark.parametrize("name", OTHERS)
def test_null_other_norms_stay_as_they_are(name: str) -> None:
    """Those of Gemma multiply by one plus the weight."""
    assert fuse_norms(zoo.build(name)) == 0


def test_in_16_bit_they_are_computed_as_before() -> None:
    assert fuse_norms(zoo.build("llama", dtype=torch.bfloat16)) == 0
    fused = zoo.build("llama")
    fuse_norms(fused)
    fused, plain, ids = fused.to(torch.bfloat16), zoo.build("llama", dtype=torch.bfloat16), zoo.ids(1, 9)
    with torch.no_grad():
        assert torch.equal(plain(ids).logits, fused(ids).logits)


def test_a_copy_has_weights_of_its_own() -> None:
    model = zoo.build("llama")
    fuse_norms(model)
    copy, ids = deepcopy(model), zoo.ids(1, 9)
    with torch.no_grad():
        before = model(ids).logits
        copy.model.norm.weight.mul_(2.0)
        assert torch.allclose(copy(ids).logits, 2 * before, atol=1e-5)
        assert torch.equal(model(ids).logits, before)


def test_a_norm_that_is_brought_from_elsewhere_or_does_more_is_left_alone() -> None:
    class DoublingRMSNorm(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight, self.eps = nn.Parameter(torch.ones(8)), 1e-5

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return 2 * nn.functional.rms_norm(x, (8,), self.weight, self.eps)

    model = zoo.build("llama")
    model.model.norm.forward = lambda x: x
    assert fuse_norms(model) == 2 * zoo.LAYERS
    assert fuse_norms(DoublingRMSNorm()) == 0


def test_a_loaded_model_has_them() -> None:
    model = core.adopt(zoo.build())
    assert "forward" in vars(model.hf.model.norm)
