import numpy as np
import pytest
import torch

from core.activations.reducers import RowMean


def test_means_equal_numpy_even_far_from_zero():
    rows = torch.randn(500, 8, generator=torch.Generator().manual_seed(0), dtype=torch.float64) + 1e6
    means = RowMean.of(rows)
    np.testing.assert_allclose(means.mean, rows.numpy().mean(0), rtol=1e-15)


@pytest.mark.parametrize("sizes", [(1, 1), (3, 500, 7), (1,) * 20])
def test_merged_means_equal_those_of_everything_at_once(sizes):
    parts = [
        torch.randn(n, 5, generator=torch.Generator().manual_seed(n + i)) * 3 + 50
        for i, n in enumerate(sizes)
    ]
    merged = RowMean.of(parts[0])
    for part in parts[1:]:
        merged = merged + RowMean.of(part)
    whole = torch.cat(parts).double().numpy()
    assert merged.count == len(whole)
    np.testing.assert_allclose(merged.mean, whole.mean(0), rtol=1e-14)


def test_means_survive_the_journey_to_another_host():
    means = RowMean.of(torch.randn(9, 4))
    back = RowMean.from_state(means.state())
    assert back.count == 9
    assert torch.equal(back.mean, means.mean)
