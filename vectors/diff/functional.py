"""What a changed writer does on real texts: cosine of v̂ with ΔW·z̄, z̄ the mean input from these texts.

ΔW is linear, so the mean of ΔW·z is ΔW times the mean of z: one pass over the texts, one over the matrix.
The cosine can be near zero although ‖v̂ᵀΔW‖ is large, when these texts do not activate the change.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from core.jobs.job import Progress, Row, Steps, gpu_task, worker_task
from vectors.diff.weights import MatchedMatrix, MatrixList, compared_unit
from vectors.vector import SteeringVector

if TYPE_CHECKING:
    from core.model.model import Model

Ids = Sequence[int]


def measure_on_texts(
    model: Model, matrices: MatrixList, vector: SteeringVector, texts: Sequence[Ids]
) -> Steps[dict[str, dict[str, float]]]:
    """{matrix: {cosine, norm, relative}} of every writer, for the base model's last-token inputs."""
    writers = [
        matrix
        for matrix in matrices.matched
        if matrix.residual_side.writes and matrix.residual_side.axis == 0 and _find_module(model, matrix)
    ]
    totals: dict[str, Tensor] = {}
    for number, ids in enumerate(texts, start=1):
        part: Mapping[str, Tensor] = yield gpu_task(partial(last_token_inputs, model, ids, writers))
        # Sums are enough, because the mean input is all that a linear map needs.
        for name, row in part.items():
            totals[name] = totals[name] + row if name in totals else row
        yield Progress(number, len(texts), "inputs read")
    report: dict[str, dict[str, float]] = {}
    for matrix in writers:
        at = compared_unit(vector, matrix.residual_side)
        if at is not None:
            mean = totals[matrix.name] / len(texts)
            report[matrix.name] = yield worker_task(partial(_matrix_effect, model, matrix, mean, *at))
            yield Row("functional", matrix.name, report[matrix.name])
    return report


def last_token_inputs(model: Model, ids: Ids, writers: Sequence[MatchedMatrix]) -> dict[str, Tensor]:
    """The input of each writer at the last token, in one unsteered forward pass."""
    recorded: dict[str, Tensor] = {}

    def record_as(name: str) -> Callable[[nn.Module, tuple[Tensor, ...]], None]:
        def hook(_module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
            recorded[name] = inputs[0][0, -1].double().cpu()

        return hook

    # Hooks before the module: they get the input that its matrix multiplies.
    handles = [
        module.register_forward_pre_hook(record_as(matrix.name))
        for matrix in writers
        if (module := _find_module(model, matrix)) is not None
    ]
    try:
        with torch.no_grad(), model.steering.steering_with(None):
            model.anatomy.trunk(input_ids=torch.tensor([list(ids)], device=model.device), use_cache=False)
    finally:
        # Also after an error: a hook that stays would run in every later pass of this model.
        for handle in handles:
            handle.remove()
    return recorded


def _matrix_effect(
    model: Model, matrix: MatchedMatrix, mean: Tensor, layer: int, unit: Tensor
) -> dict[str, float]:
    output = matrix.change.multiply(mean.float()[:, None])[:, 0].double()
    matrix.change.drop_rows()
    length = float(output.norm())
    cosine = float(output @ unit.double()) / length if length else 0.0
    return {"cosine": cosine, "norm": length, "relative": length / model.residual_norms[layer]}


def _find_module(model: Model, matrix: MatchedMatrix) -> nn.Module | None:
    """The loaded model's module that holds this tensor, by name; None if there is none."""
    modules = dict(model.hf.named_modules())
    return modules.get(matrix.name.removesuffix(".weight"))
