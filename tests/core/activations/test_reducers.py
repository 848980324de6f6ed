import numpy as np
import pytest
import torch

from core.activations.reducers import Moments


def test_moments_equal_numpy_even_far_from_zero():
    rows = torch.randn(500, 8, generator=torch.Generator().manual_seed(0), dtype=torch.float64) + 1e6
    moments = Moments.of(rows)
    np.testing.assert_allclose(moments.mean, rows.numpy().mean(0), rtol=1e-15)
    np.testing.assert_allclose(moments.variance(), rows.numpy().var(0), rtol=1e-9)
    np.testing.assert_allclose(moments.variance(ddof=1), rows.numpy().var(0, ddof=1), rtol=1e-9)


@pytest.mark.parametrize("sizes", [(1, 1), (3, 500, 7), (1,) * 20])
def test_merged_moments_equal_those_of_everything_at_once(sizes):
    parts = [
        torch.randn(n, 5, generator=torch.Generator().manual_seed(n + i)) * 3 + 50
        for i, n in enumerate(sizes)
    ]
    merged = Moments.of(parts[0])
    for part in parts[1:]:
        merged = merged + Moments.of(part)
    whole = torch.cat(parts).double().numpy()
    assert merged.count == len(whole)
    np.testing.assert_allclose(merged.mean, whole.mean(0), rtol=1e-14)
    np.testing.assert_allclose(merged.m2, ((whole - whole.mean(0)) ** 2).sum(0), rtol=1e-9)


def test_moments_survive_the_journey_to_another_host():
    moments = Moments.of(torch.randn(9, 4))
    back = Moments.from_state(moments.state())
    assert back.count == 9
    assert torch.equal(back.mean, moments.mean)
    assert torch.equal(back.m2, moments.m2)
