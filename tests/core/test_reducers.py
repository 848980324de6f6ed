import numpy as np
import pytest
import torch

from core.reducers import Moments, by_group


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


def test_a_stream_is_reduced_per_group_and_layer_in_any_order():
    rows = {layer: torch.randn(30, 6, generator=torch.Generator().manual_seed(layer)) for layer in (1, 4)}
    groups = ["a" if i % 3 else "b" for i in range(30)]
    order = np.random.default_rng(0).permutation(30).tolist()
    stream = [
        (order[i : i + 4], {layer: r[order[i : i + 4]] for layer, r in rows.items()}) for i in range(0, 30, 4)
    ]
    found = by_group(stream, groups)
    assert set(found) == {"a", "b"}
    for name in "ab":
        member = [i for i in range(30) if groups[i] == name]
        for layer in rows:
            expected = rows[layer][member].double().numpy()
            assert found[name][layer].count == len(member)
            np.testing.assert_allclose(found[name][layer].mean, expected.mean(0), rtol=1e-12)
            np.testing.assert_allclose(found[name][layer].variance(), expected.var(0), rtol=1e-9)
