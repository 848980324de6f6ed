"""Leading singular values from a few passes over slices, against full decompositions."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from tests.vectors.diff.checkpoints import saved
from vectors.diff.change import WeightChange
from vectors.diff.checkpoint import open_checkpoint
from vectors.diff.matrix import sum_squares
from vectors.diff.residual_axis import compared_layer, locate_matrix
from vectors.diff.spectrum import leading_spectrum


def decaying(height: int, width: int, rate: float) -> Tensor:
    chance = torch.Generator().manual_seed(0)
    left = torch.linalg.qr(torch.randn(height, 64, generator=chance, dtype=torch.float64))[0]
    right = torch.linalg.qr(torch.randn(width, 64, generator=chance, dtype=torch.float64))[0]
    return ((left * rate ** torch.arange(64.0, dtype=torch.float64)) @ right.T).float()


def change_of(tmp_path: Path, matrix: Tensor) -> WeightChange:
    name = "model.layers.0.mlp.up_proj.weight"
    pair = [saved(tmp_path / key, {name: m}) for key, m in (("a", torch.zeros_like(matrix)), ("b", matrix))]
    return WeightChange(*(open_checkpoint(folder).weights[name] for folder in pair))


@pytest.mark.parametrize("rate", [0.5, 0.9, 1.0])
@pytest.mark.parametrize("exact", [False, True])
def test_the_error_bound_holds(tmp_path: Path, rate: float, exact: bool) -> None:
    """However flat the spectrum, some true singular value lies within the stated error of each we report."""
    matrix = decaying(300, 200, rate)
    true = torch.linalg.svdvals(matrix.double())
    found = leading_spectrum(change_of(tmp_path, matrix), 8, exact=exact)
    for value, error in zip(found.values, found.errors, strict=True):
        assert float((true - value).abs().min()) <= float(error) + 1e-5
    if exact or rate <= 0.5:
        assert torch.allclose(found.values, true[:8], rtol=1e-4, atol=1e-6)


def test_gram_works_on_wide_matrices_too(tmp_path: Path) -> None:
    matrix = decaying(120, 500, 0.8)
    found = leading_spectrum(change_of(tmp_path, matrix), 4, exact=True)
    assert torch.allclose(found.values, torch.linalg.svdvals(matrix.double())[:4], rtol=1e-5)


def test_norms_of_huge_matrices_keep_their_digits() -> None:
    rows = torch.full((20_000, 500), 0.1)
    assert sum_squares(rows) == pytest.approx(10_000_000 * 0.1**2, rel=1e-6)


def test_gpt2_stores_its_matrices_the_other_way_round() -> None:
    writer = locate_matrix("transformer.h.3.attn.c_proj.weight", (64, 64), {"model_type": "gpt2"}, 64)
    assert (writer.layer, writer.writes, writer.axis) == (3, True, 1)
    reader = locate_matrix("transformer.h.3.attn.c_attn.weight", (64, 192), {"model_type": "gpt2"}, 64)
    assert (reader.writes, reader.axis) == (False, 0)
    assert compared_layer(reader) == 2
    assert locate_matrix("model.layers.0.self_attn.q_proj.weight", (64, 64), {}, 64).axis == 1
    assert locate_matrix("model.norm.weight", (64,), {}, 64).axis is None
