"""The gradient: central differences, padding, parts, and what it leaves as it was."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from transformers.utils.quantization_config import QuantizationMethod

import core
from core.jobs.job import run_steps
from tests.vectors import planted
from vectors.checks.answers.judged_pairs import JudgedPair
from vectors.checks.answers.margins import pair_margins
from vectors.checks.gradients.gradient import GradientUnavailable, row_gradients
from vectors.checks.gradients.ranks import vector_slopes
from vectors.checks.gradients.scored_rows import ScoredRow, mean_logprobs
from vectors.checks.likelihood import mean_logprob
from vectors.checks.propensity import propensity_gradient


@pytest.fixture(scope="module")
def model() -> core.Model:
    return planted.speaking()[0]


def judged(count: int = 6) -> list[JudgedPair]:
    """Contexts of different lengths with replies of one to three words."""
    return [
        JudgedPair(
            (tuple(yes[number % 3 : -1]),),
            (yes[-1], *planted.NEUTRAL[: number % 3]),
            (no[-1], *planted.NEUTRAL[3 : 3 + number % 2]),
        )
        for number, (yes, no) in enumerate(planted.pairs(count))
    ]


def random_push(model: core.Model, seed: int, layers: tuple[int, ...]) -> dict[int, Any]:
    chance = np.random.default_rng(seed)
    return {layer: chance.standard_normal(model.hidden_size).astype(np.float32) for layer in layers}


def torch_push(rows: Mapping[int, Any], scale: float) -> dict[int, torch.Tensor]:
    return {layer: torch.from_numpy(row * np.float32(scale)) for layer, row in rows.items()}


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("dose", [0.003, 0.01])
def test_the_slope_is_the_central_difference(model: core.Model, seed: int, dose: float) -> None:
    pairs, layers = judged(), (0, 1, 2)
    gradient, _ = run_steps(propensity_gradient(model, pairs))
    push = random_push(model, seed, layers)
    predicted = len(layers) * float(vector_slopes(gradient.mean, push, [layers])[0])
    below, above = (
        np.mean(run_steps(pair_margins(model, pairs, torch_push(push, sign * dose)))) for sign in (-1, 1)
    )
    assert (above - below) / (2 * dose) == pytest.approx(predicted, rel=0.01, abs=5e-4)


def test_rows_of_a_batch_do_not_see_their_padding(model: core.Model) -> None:
    rows = [row for pair in judged() for row, _ in pair.rows()]
    together = run_steps(row_gradients(model, rows))
    for number, row in enumerate(rows):
        alone = run_steps(row_gradients(model, [row]))
        np.testing.assert_allclose(together.by_part[number], alone.by_part[0], atol=1e-5)
        np.testing.assert_allclose(together.means[number], alone.means[0], atol=1e-4)
        assert together.logprobs[number] == pytest.approx(
            mean_logprob(model, row.ids, len(row.context)), abs=1e-4
        )


def test_a_part_is_the_push_on_its_positions_alone(model: core.Model) -> None:
    row = judged(1)[0].rows()[0][0]
    long = ScoredRow(row.context, (*row.reply, 150, 160, 170))
    found = run_steps(row_gradients(model, [long], summed=True))
    push = random_push(model, 5, (1,))[1]
    slopes = []
    for part in (slice(0, len(long.context) - 1), slice(len(long.context) - 1, None)):
        values = [_masked_sum(model, long, part, torch.from_numpy(push) * sign * 0.01) for sign in (-1, 1)]
        slopes.append((values[1] - values[0]) / 0.02)
    assert (found.by_part[0, :, 1] @ push).tolist() == pytest.approx(slopes, rel=0.02, abs=2e-3)


def _masked_sum(model: core.Model, row: ScoredRow, part: slice, push: torch.Tensor) -> float:
    """Σ log p of the reply where a plain hook adds the push to some positions of block 1."""

    def add(_block: Any, _args: Any, out: Any) -> Any:
        hidden = (out[0] if isinstance(out, tuple) else out).clone()
        hidden[:, part] += push
        return (hidden, *out[1:]) if isinstance(out, tuple) else hidden

    handle = model.layers[1].register_forward_hook(add)
    with torch.no_grad():
        logs = torch.log_softmax(model.hf(torch.tensor([row.ids])).logits[0].double(), -1)
    handle.remove()
    start = len(row.context)
    return float(sum(logs[start - 1 + i, token] for i, token in enumerate(row.reply)))


def test_a_shared_beginning_changes_nothing(model: core.Model) -> None:
    start = tuple(planted.NEUTRAL[:12])
    rows = [ScoredRow((*start, 150 + n), (160 + n, *([170] * n))) for n in range(4)]
    push = torch_push(random_push(model, 3, (0, 2)), 0.5)
    together = mean_logprobs(model, rows, push)
    alone = [mean_logprobs(model, [row], push)[0] for row in rows]
    assert together == pytest.approx(alone, abs=1e-5)
    assert together != pytest.approx(mean_logprobs(model, rows), abs=1e-3)


def test_weights_keep_their_flags_and_get_no_gradient(model: core.Model) -> None:
    flags = [parameter.requires_grad for parameter in model.hf.parameters()]
    run_steps(row_gradients(model, [ScoredRow((100, 101), (102,))]))
    assert [parameter.requires_grad for parameter in model.hf.parameters()] == flags
    assert all(parameter.grad is None for parameter in model.hf.parameters())


def quantised(monkeypatch: pytest.MonkeyPatch, model: core.Model, is_trainable: object) -> None:
    """The model says of itself what transformers says of a quantised one."""
    config = SimpleNamespace(quant_method=QuantizationMethod.MXFP4)
    quantiser = SimpleNamespace(is_trainable=is_trainable, quantization_config=config)
    monkeypatch.setattr(model.hf, "is_quantized", True, raising=False)
    monkeypatch.setattr(model.hf, "hf_quantizer", quantiser, raising=False)


ROW = ScoredRow((100, 101), (102,))


@pytest.mark.parametrize("answer", [False, lambda: False])
def test_packed_weights_are_refused_by_method(
    model: core.Model, monkeypatch: pytest.MonkeyPatch, answer: object
) -> None:
    quantised(monkeypatch, model, answer)
    with pytest.raises(
        GradientUnavailable, match=r"planted is quantised \(mxfp4\): its kernels have no backward"
    ):
        run_steps(row_gradients(model, [ROW]))


def test_kernels_with_a_backward_pass_give_the_same_gradient(
    model: core.Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = run_steps(row_gradients(model, [ROW])).by_part
    quantised(monkeypatch, model, True)
    assert np.array_equal(run_steps(row_gradients(model, [ROW])).by_part, plain)


def test_a_kernel_that_cuts_the_gradient_off_is_refused(
    model: core.Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The residual stream goes around it, so that a gradient would arrive all the same: a wrong one."""
    layer = next(part for part in model.layers[1].modules() if isinstance(part, torch.nn.Linear))
    plain, run = run_steps(row_gradients(model, [ROW])).by_part, layer.forward
    monkeypatch.setattr(layer, "forward", lambda x: run(x.detach()))
    wrong = run_steps(row_gradients(model, [ROW])).by_part
    assert np.abs(wrong).max() > 0
    assert not np.allclose(wrong, plain)
    quantised(monkeypatch, model, True)
    with pytest.raises(GradientUnavailable, match="the output of Linear has no gradient"):
        run_steps(row_gradients(model, [ROW]))
