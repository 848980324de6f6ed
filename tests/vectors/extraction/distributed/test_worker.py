"""Extraction over several processes gives the vector of one, and goes on where a killed rank stopped."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

import core
import vectors
from core.activations.reducers import RowMean
from vectors.contrasts.catalogue import contrast
from vectors.extraction.distributed.shard import RankShare, assign_texts, merge_means


def launched(spec: Path, processes: int) -> subprocess.CompletedProcess[str]:
    words = ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node", str(processes)]
    return subprocess.run(
        [sys.executable, *words, "-m", "vectors.extraction.distributed.worker", str(spec)],
        capture_output=True,
        text=True,
        timeout=240,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )


def test_two_ranks_make_the_vector_of_one_process(tmp_path: Path) -> None:
    out, spec = tmp_path / "v.safetensors", tmp_path / "spec.json"
    asked = {"model": "demo-base", "contrast": "pirate", "out": str(out), "layers": "4-6", "processes": 2}
    spec.write_text(json.dumps(asked))
    done = launched(spec, 2)
    assert done.returncode == 0, done.stderr
    model = core.load("demo-base")
    alone = vectors.extract(model, contrast("pirate"), holdout=0.0, layers=(4, 5, 6), suggest=False).vector
    together = vectors.read(out)
    for layer in (4, 5, 6):
        one, other = (v.directions[layer] * v.norms[layer] for v in (alone, together))
        assert float((one - other).norm()) < 1e-5 * model.residual_norms[layer]
    assert {path.name for path in out.with_suffix(".ranks").iterdir()} == {
        "rank-0.safetensors",
        "rank-1.safetensors",
    }


def test_a_launcher_that_starts_fewer_is_an_error(tmp_path: Path) -> None:
    spec = tmp_path / "spec.json"
    asked = {
        "model": "demo-base",
        "contrast": "pirate",
        "out": str(tmp_path / "v.safetensors"),
        "processes": 2,
    }
    spec.write_text(json.dumps(asked))
    done = launched(spec, 1)
    assert done.returncode != 0
    assert "2 processes were asked for, 1 run" in done.stderr


def test_shares_are_disjoint_whole_and_of_like_length() -> None:
    lengths = [(7 * n) % 50 + 3 for n in range(101)]
    parts = [assign_texts(lengths, rank, 3) for rank in range(3)]
    assert sorted(index for part in parts for index in part) == list(range(101))
    totals = [sum(lengths[index] for index in part) for part in parts]
    assert max(totals) - min(totals) <= max(lengths)


def test_merged_means_are_those_of_all_rows() -> None:
    rows = torch.randn(101, 8, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    nothing = torch.zeros(9, dtype=torch.float64)
    found = merge_means([RowMean.of(rows[:51]).state(), nothing, RowMean.of(rows[51:]).state()])
    assert found.count == 101
    assert torch.allclose(found.mean, rows.mean(0), atol=1e-15)


def test_a_rank_goes_on_with_what_it_kept(tmp_path: Path) -> None:
    rows = torch.randn(6, 4, generator=torch.Generator().manual_seed(0))
    first = RankShare.load_or_create(tmp_path, 0, [0, 1, 2, 3, 4, 5], "job a")
    first.add([0, 1, 2], {5: rows[:3]})
    first.save()
    again = RankShare.load_or_create(tmp_path, 0, [0, 1, 2, 3, 4, 5], "job a")
    assert again.done == {0, 1, 2}
    again.add([3, 4, 5], {5: rows[3:]})
    assert again.sums[0, 5].mean.tolist() == pytest.approx(rows[[0, 2, 4]].double().mean(0).tolist())
    assert again.sums[1, 5].mean.tolist() == pytest.approx(rows[[1, 3, 5]].double().mean(0).tolist())
    assert RankShare.load_or_create(tmp_path, 0, [0], "job b").done == set(), (
        "another job's state is not ours"
    )
