"""One layer's figures: the same from a mapped file as from memory, and with memory that no set can make grow."""

from __future__ import annotations

import tracemalloc
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from vectors.extraction.layer_quality import Labels, LayerFinding, measure_layer
from vectors.methods import classes as classes_module
from vectors.methods.registry import METHODS
from vectors.texts.pair import split_pairs

WIDTH = 64


def mapped(folder: Path, pairs: int, seed: int = 0) -> list[np.ndarray]:
    """Both classes as the shards of a capture hold them: every second row of one mapped file."""
    path = folder / f"{pairs}.npy"
    array = np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=(2 * pairs, WIDTH))
    chance = np.random.default_rng(seed)
    array[:] = chance.standard_normal(array.shape, dtype=np.float32)
    array[0::2, 0] += 3.0
    array.flush()
    return [array[0::2], array[1::2]]


def measured(both: Sequence[np.ndarray], method: str = "mean") -> LayerFinding:
    pairs = len(both[0])
    parts = split_pairs([str(n) for n in range(pairs)], 0.2, 0)
    labels = Labels(*(tuple(f"{what} {n % 4}" for n in range(pairs)) for what in ("role", "domain")))
    found = measure_layer(both[0], both[1], parts, method, labels, 0)
    assert found is not None
    return found


@pytest.mark.parametrize("method", METHODS)
def test_blocks_of_any_size_give_the_same(
    method: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = mapped(tmp_path, 300)
    one = measured(both, method)
    monkeypatch.setattr(classes_module, "BLOCK_BYTES", 8 * WIDTH * 7)
    other = measured(both, method)
    assert np.allclose(one.raw, other.raw, rtol=1e-5, atol=1e-6)
    for key in ("d", "split_half", "coherence", "coherence_of_pairs", "p"):
        assert one.metrics[key] == pytest.approx(other.metrics[key], rel=1e-5)


@pytest.mark.parametrize("method", METHODS)
def test_memory_does_not_grow_with_the_set(
    method: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten times the pairs: ten times the file, and of memory only what single numbers per pair take."""
    monkeypatch.setattr(classes_module, "BLOCK_BYTES", 8 * WIDTH * 500)
    peaks = []
    for pairs in (1_000, 10_000):
        both = mapped(tmp_path, pairs)
        tracemalloc.start()
        measured(both, method)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    rows = 2 * 9_000 * WIDTH * 8
    assert peaks[1] - peaks[0] < rows / 2, "the rows themselves are never in memory together"


def test_every_domain_has_its_own_figures(tmp_path: Path) -> None:
    found = measured(mapped(tmp_path, 200)).metrics["domains"]
    assert set(found) == {f"domain {n}" for n in range(4)}
    assert sum(row["n_holdout"] for row in found.values()) == 80
    for row in found.values():
        assert row["d"] > 1
        assert row["accuracy"] > 0.7
        assert row["pair_accuracy"] > 0.8
