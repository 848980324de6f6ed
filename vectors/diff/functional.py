"""What the change of a writer does to real texts: the cosine of v̂ with ΔW·z̄, z̄ the mean input it got from them.

ΔW is linear, so the mean of ΔW·z is ΔW times the mean of z: one pass over the texts, one over the matrix. It
can be near zero where ‖v̂ᵀΔW‖ is large: the change is there, but these texts do not call it up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from core.jobs import Progress, Row, gpu, side
from vectors.diff.weights import Matched, Plan, unit_at
from vectors.extraction.states import Work
from vectors.stored import Stored

if TYPE_CHECKING:
    from core.model import Model

Ids = Sequence[int]


def functional(model: Model, found: Plan, vector: Stored, texts: Sequence[Ids]) -> Work:
    """{matrix: {cosine, norm, relative}} for every writer; inputs are those of the base model's last tokens."""
    writers = [one for one in found.matched if one.side.writes and one.side.axis == 0 and _module(model, one)]
    totals: dict[str, Tensor] = {}
    for number, ids in enumerate(texts, start=1):
        part: Mapping[str, Tensor] = yield gpu(partial(last_inputs, model, ids, writers))
        for name, row in part.items():
            totals[name] = totals[name] + row if name in totals else row
        yield Progress(number, len(texts), "inputs read")
    report: dict[str, Any] = {}
    for one in writers:
        at = unit_at(vector, one.side)
        if at is not None:
            mean = totals[one.name] / len(texts)
            report[one.name] = yield side(partial(_effect, model, one, mean, *at))
            yield Row("functional", one.name, report[one.name])
    return report


def last_inputs(model: Model, ids: Ids, writers: Sequence[Matched]) -> dict[str, Tensor]:
    """What each writer is given at the last token, in one unsteered pass."""
    seen: dict[str, Tensor] = {}

    def note(name: str) -> Any:
        def look(_module: Any, inputs: tuple[Tensor, ...]) -> None:
            seen[name] = inputs[0][0, -1].double().cpu()

        return look

    handles = [_module(model, one).register_forward_pre_hook(note(one.name)) for one in writers]
    try:
        with torch.no_grad(), model.steering.playing(None):
            model.anatomy.trunk(input_ids=torch.tensor([list(ids)], device=model.device), use_cache=False)
    finally:
        for handle in handles:
            handle.remove()
    return seen


def _effect(model: Model, one: Matched, mean: Tensor, layer: int, unit: Tensor) -> dict[str, float]:
    push = one.change.times(mean.float()[:, None])[:, 0].double()
    one.change.forget()
    length = float(push.norm())
    cosine = float(push @ unit.double()) / length if length else 0.0
    return {"cosine": cosine, "norm": length, "relative": length / model.residual_norms[layer]}


def _module(model: Model, one: Matched) -> Any:
    """The module that holds this tensor, under the name it has in the loaded model."""
    modules = dict(model.hf.named_modules())
    return modules.get(one.name.removesuffix(".weight"))
