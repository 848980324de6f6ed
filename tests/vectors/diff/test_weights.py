"""Weight diffs on checkpoints that were changed in a known way, and against the whole matrices in memory."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
import torch

import core
from core.errors import BadInput, ModelError
from core.jobs.job import End, Row
from core.jobs.resume import FinishedTasks
from core.jobs.runner import run
from tests.core import zoo
from tests.vectors import planted
from tests.vectors.diff.checkpoints import WIDTH, saved, unit, weights
from vectors.diff import change as change_module
from vectors.diff.checkpoint import open_checkpoint
from vectors.diff.direction import top_direction
from vectors.diff.functional import measure_on_texts
from vectors.diff.matrix import SpectrumOptions
from vectors.diff.residual_axis import compared_layer, locate_matrix
from vectors.diff.weights import match_matrices, weight_diff


def diff(base: Path, tuned: Path, **choices: Any) -> dict[str, Any]:
    vector = choices.pop("vector", None)
    depth = SpectrumOptions(**choices)
    job = weight_diff(open_checkpoint(base), open_checkpoint(tuned), vector if vector else None, depth)
    end = list(run(job))[-1]
    assert isinstance(end, End)
    return dict(end.summary)


@pytest.mark.parametrize("shards", [False, True])
def test_a_planted_rank_one_change_on_the_right_side(tmp_path: Path, shards: bool) -> None:
    """ΔW = v xᵀ for a writer and x vᵀ for a reader give 1, 1, 1; on the wrong side there is only chance."""
    axis, other, before = unit(WIDTH, 1), unit(96, 2), weights()
    after = {name: tensor.clone() for name, tensor in before.items()}
    after["model.layers.1.mlp.down_proj.weight"] += 2.0 * torch.outer(axis, other)
    after["model.layers.2.mlp.up_proj.weight"] += 3.0 * torch.outer(other, axis)
    after["model.layers.1.self_attn.o_proj.weight"] += torch.outer(axis, unit(WIDTH, 3))
    after["model.layers.1.self_attn.q_proj.weight"] += torch.outer(axis, unit(WIDTH, 3))
    vector = planted.vector(axis)
    base, tuned = saved(tmp_path / "a", before, shards=shards), saved(tmp_path / "b", after)
    found = diff(base, tuned, vector=vector, top=3)
    for name, length in (("1.mlp.down_proj", 2.0), ("2.mlp.up_proj", 3.0), ("1.self_attn.o_proj", 1.0)):
        row = found["modules"][f"model.layers.{name}.weight"]
        assert row["norm"] == pytest.approx(length, rel=1e-4)
        assert row["singular_values"][0] == pytest.approx(length, rel=1e-4)
        assert row["share_top1"] == pytest.approx(1.0, abs=1e-4)
        assert row["energy"] == pytest.approx(1.0, abs=1e-4)
        assert row["cosines"]["top1"] == pytest.approx(1.0, abs=1e-4)
        assert row["errors"][0] < 1e-4
    wrong = found["modules"]["model.layers.1.self_attn.q_proj.weight"]
    assert wrong["cosines"]["top1"] < 4 / math.sqrt(WIDTH), "the rows of a reader are not residual"
    untouched = found["modules"]["model.layers.0.mlp.down_proj.weight"]
    assert untouched["norm"] == 0.0
    assert untouched["energy"] is None
    assert found["layers"]["1"]["top1"] == pytest.approx(1.0, abs=1e-4)
    assert found["bytes_read"] == sum(2 * tensor.numel() * 4 for tensor in before.values())
    json.dumps(found, allow_nan=False)


def test_a_random_vector_finds_what_chance_gives(tmp_path: Path) -> None:
    base, tuned = saved(tmp_path / "a", weights(0)), saved(tmp_path / "b", weights(1))
    rows = []
    for seed in range(30):
        vector = planted.vector(unit(WIDTH, 100 + seed))
        found = diff(base, tuned, vector=vector, top=4)["modules"]
        rows += [row for row in found.values() if row.get("cosines")]
    null = rows[0]["null"]
    assert null == {"energy": 1 / WIDTH, "top1": 1 / math.sqrt(WIDTH), "topk": math.sqrt(4 / WIDTH)}
    for figure in ("top1", "topk"):
        mean_square = sum(row["cosines"][figure] ** 2 for row in rows) / len(rows)
        assert mean_square == pytest.approx(null[figure] ** 2, rel=0.15)
    assert sum(row["energy"] for row in rows) / len(rows) == pytest.approx(null["energy"], rel=0.15)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_equal_to_the_whole_matrices_in_float64(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dtype: torch.dtype
) -> None:
    monkeypatch.setattr(change_module, "SLICE_BYTES", 4 * WIDTH * 7)
    monkeypatch.setattr(change_module, "HELD_BYTES", 0)
    before, after = weights(0, dtype=dtype), weights(1, dtype=dtype)
    vector = planted.vector(unit(WIDTH, 5))
    found = diff(
        saved(tmp_path / "a", before), saved(tmp_path / "b", after), vector=vector, top=6, exact=True
    )
    for name, row in found["modules"].items():
        whole = after[name].double() - before[name].double()
        assert row["norm"] == pytest.approx(float(whole.norm()), rel=1e-5)
        assert row["base_norm"] == pytest.approx(float(before[name].double().norm()), rel=1e-5)
        if not row.get("cosines"):
            continue
        left, values, right = torch.linalg.svd(whole)
        assert row["singular_values"] == pytest.approx(values[:6].tolist(), rel=1e-5)
        where = locate_matrix(name, tuple(whole.shape), {}, WIDTH)
        layer = compared_layer(where)
        assert layer == row["vector_layer"]
        v = vector.directions[layer].double()
        side = left[:, :6] if where.axis == 0 else right[:6].T
        assert row["cosines"]["topk"] == pytest.approx(float((side.T @ v).norm()), rel=1e-4)
        pushed = v @ whole if where.axis == 0 else whole @ v
        assert row["energy"] == pytest.approx(float(pushed.norm() ** 2 / whole.norm() ** 2), rel=1e-5)


def test_vocabularies_are_matched_by_the_text_of_their_tokens(tmp_path: Path) -> None:
    before, after = weights(0), weights(0)
    words = [f"w{n}" for n in range(40)]
    moved = [*reversed(words), "new", "newer"]
    rows = {word: before["model.embed_tokens.weight"][n] for n, word in enumerate(words)}
    fresh = torch.ones(WIDTH)
    after["model.embed_tokens.weight"] = torch.stack([rows.get(word, fresh) for word in moved])
    base, tuned = saved(tmp_path / "a", before), saved(tmp_path / "b", after)
    for folder, listed in ((base, words), (tuned, moved)):
        vocabulary = {word: n for n, word in enumerate(listed)}
        (folder / "tokenizer.json").write_text(json.dumps({"model": {"vocab": vocabulary}}))
    found = diff(base, tuned, top=0)
    assert found["modules"]["model.embed_tokens.weight"]["norm"] == 0.0
    assert found["modules"]["model.embed_tokens.weight"]["shape"] == [40, WIDTH]
    assert "compared 40 that stand for tokens of the same text" in found["warnings"][0]
    for folder in (base, tuned):
        (folder / "tokenizer.json").unlink()
    numbered = diff(base, tuned, top=0)
    assert numbered["modules"]["model.embed_tokens.weight"]["norm"] > 1
    assert "tokens of the same numbers" in numbered["warnings"][0]


def test_what_cannot_be_compared_is_named(tmp_path: Path) -> None:
    before, after = weights(0), weights(1)
    after["model.layers.0.mlp.up_proj.weight"] = torch.zeros(12, WIDTH)
    after["model.layers.0.codes"] = torch.zeros(4, dtype=torch.int8)
    del after["model.layers.2.mlp.up_proj.weight"]
    base, tuned = saved(tmp_path / "a", before), saved(tmp_path / "b", after)
    found = diff(base, tuned, top=0)
    assert found["only_base"] == ["model.layers.2.mlp.up_proj.weight"]
    assert any("up_proj.weight: 96×64 in a, 12×64 in b: left out" in warning for warning in found["warnings"])
    assert any("codes: not a floating-point tensor" in warning for warning in found["warnings"])
    narrow = saved(tmp_path / "c", before, hidden_size=32)
    with pytest.raises(ModelError, match="no two versions of one model"):
        diff(base, narrow)
    with pytest.raises(BadInput, match="no tensor is called"):
        match_matrices(open_checkpoint(base), open_checkpoint(tuned), "*expert*")
    strangers = saved(tmp_path / "d", {"other.weight": torch.zeros(2, 2)})
    with pytest.raises(BadInput, match="no tensor in common"):
        diff(base, strangers)


def test_a_stopped_diff_goes_on(tmp_path: Path) -> None:
    base, tuned = saved(tmp_path / "a", weights(0)), saved(tmp_path / "b", weights(1))

    def job() -> Any:
        return weight_diff(open_checkpoint(base), open_checkpoint(tuned), None, SpectrumOptions(2))

    finished = FinishedTasks(tmp_path / "steps.jsonl")
    running = run(job(), finished=finished)
    early = [next(running) for _ in range(9)]
    running.close()
    kept = len(finished)
    assert 0 < kept < 16
    end = list(run(job(), finished=FinishedTasks(tmp_path / "steps.jsonl")))[-1]
    whole = list(run(job()))[-1]
    assert isinstance(end, End)
    assert isinstance(whole, End)
    assert end.summary["modules"] == whole.summary["modules"]
    assert any(isinstance(event, Row) for event in early)


def test_a_vector_from_a_matrix(tmp_path: Path) -> None:
    axis, before = unit(WIDTH, 1), weights()
    after = {name: tensor.clone() for name, tensor in before.items()}
    for n in (0, 2):
        after[f"model.layers.{n}.self_attn.o_proj.weight"] += (n + 1) * torch.outer(axis, unit(WIDTH, 7))
    base, tuned = (
        open_checkpoint(saved(tmp_path / "a", before)),
        open_checkpoint(saved(tmp_path / "b", after)),
    )
    made = top_direction(base, tuned, "o_proj", SpectrumOptions(), planted.vector(-axis))
    assert made.layers == (0, 2), "a layer that did not change has no direction"
    assert float(made.directions[2] @ -axis) == pytest.approx(1.0, abs=1e-4)
    assert made.norms[2] == pytest.approx(3.0, rel=1e-4)
    with pytest.raises(BadInput, match="several matrices"):
        top_direction(base, tuned, "proj", SpectrumOptions())
    with pytest.raises(BadInput, match="did not change"):
        top_direction(base, tuned, "down_proj", SpectrumOptions())


def test_what_the_change_does_to_real_texts(tmp_path: Path) -> None:
    """A change that answers to every text by the same push has cosine 1 with it; the plain sum says so too."""
    hf = zoo.build("llama")
    model = core.adopt(hf, zoo.tokenizer(), name="a")
    axis = unit(WIDTH, 1)
    texts = [[5, 6, 7], [8, 9, 10, 11]]
    before = {name: weight.detach().clone() for name, weight in hf.named_parameters()}
    after = {name: weight.clone() for name, weight in before.items()}
    name = "model.layers.1.mlp.down_proj.weight"
    after[name] += torch.outer(axis, unit(96, 4))
    base, tuned = saved(tmp_path / "a", before), saved(tmp_path / "b", after)
    found = match_matrices(open_checkpoint(base), open_checkpoint(tuned), "*down_proj*")
    report: dict[str, Any] = {}

    def job() -> Any:
        report.update((yield from measure_on_texts(model, found, planted.vector(axis), texts)))
        return {}

    list(run(job()))
    assert abs(report[name]["cosine"]) == pytest.approx(1.0, abs=1e-4)
    inputs = []
    hook = model.layers[1].mlp.down_proj.register_forward_pre_hook(lambda _, z: inputs.append(z[0][0, -1]))
    with torch.no_grad():
        for ids in texts:
            model.hf(torch.tensor([ids]))
    hook.remove()
    naive = (after[name] - before[name]) @ torch.stack(inputs).mean(0)
    assert report[name]["norm"] == pytest.approx(float(naive.norm()), rel=1e-4)
    assert math.copysign(1, report[name]["cosine"]) == math.copysign(1, float(naive @ axis))
