"""One matrix of two checkpoints: how much it changed, in which directions, and how much along a vector.

On the residual side of ΔW = UΣVᵀ (rows of writers, columns of readers), for a unit v̂ of width d:
energy = ‖v̂ᵀΔW‖² / ‖ΔW‖², cosines |u₁·v̂| and ‖U_kᵀv̂‖. A random v̂ gives 1/d, 1/√d and √(k/d).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from core.json_values import JsonValue
from vectors.diff.change import WeightChange
from vectors.diff.memory_peak import MemoryPeak
from vectors.diff.residual_axis import ResidualAxis
from vectors.diff.spectrum import Spectrum, leading_spectrum


@dataclass(frozen=True)
class SpectrumOptions:
    """`top` leading singular directions to find (0: none), exactly or with a randomised sketch."""

    top: int = 5
    exact: bool = False
    seed: int = 0


@dataclass
class ChangeSums:
    """Squared norms and products that one pass accumulates, in float64."""

    change: float = 0.0
    base: float = 0.0
    along: Tensor | None = None
    across: float = 0.0

    def energy(self) -> float | None:
        part = float(self.along.square().sum()) if self.along is not None else self.across
        return part / self.change if self.change else None


def compare_matrix(
    change: WeightChange, side: ResidualAxis, unit: Tensor | None, depth: SpectrumOptions, memory: MemoryPeak
) -> dict[str, JsonValue]:
    """All measures of one matrix; `unit` is the vector at the layer it is compared with, if there is one."""
    compared = unit if side.axis is not None else None
    # Of embeddings, norms and biases only the lengths are compared.
    inside = side.layer is not None and min(change.shape) > 1
    searched = inside and depth.top > 0
    sums = _collect_sums(change, side.axis, compared, memory, keep=searched)
    measures: dict[str, JsonValue] = {
        "shape": list(change.shape),
        "norm": math.sqrt(sums.change),
        "base_norm": math.sqrt(sums.base),
        "relative_norm": math.sqrt(sums.change / sums.base) if sums.base else None,
        "side": {True: "writes", False: "reads"}.get(side.writes) if side.writes is not None else None,
    }
    spectrum = leading_spectrum(change, depth.top, exact=depth.exact, seed=depth.seed) if searched else None
    memory.update_peak()
    # The job keeps every WeightChange until its end, so the rows have to go now.
    change.drop_rows()
    if spectrum is not None:
        measures |= spectrum.to_json(sums.change)
    if compared is not None:
        measures |= {"energy": sums.energy(), **_alignment(spectrum, side.axis, compared)}
    return measures


def _collect_sums(
    change: WeightChange, axis: int | None, unit: Tensor | None, memory: MemoryPeak, *, keep: bool
) -> ChangeSums:
    """One pass: norms, and the energy along the residual-side vector; `keep` stores ΔW for later passes."""
    sums = ChangeSums()
    for start, base, tuned in change.row_slices():
        rows = tuned - base
        if keep:
            change.keep_rows(start, rows)
        sums.change += sum_squares(rows)
        sums.base += sum_squares(base)
        # Writers: v̂ᵀΔW is a sum over slices of rows. Readers: each slice of ΔW·v̂ is complete.
        if unit is not None and axis == 0:
            part = (unit[start : start + len(rows)].float() @ rows).double()
            sums.along = part if sums.along is None else sums.along + part
        if unit is not None and axis == 1:
            sums.across += sum_squares((rows @ unit.float())[:, None])
        memory.update_peak()
    return sums


def sum_squares(rows: Tensor) -> float:
    """Σ x²: float32 along a row, float64 over the rows, as float32 over millions of numbers is inexact."""
    return float(torch.linalg.vector_norm(rows, dim=1).double().square().sum())


def _alignment(spectrum: Spectrum | None, axis: int | None, unit: Tensor) -> dict[str, JsonValue]:
    width = len(unit)
    null: dict[str, float] = {"energy": 1 / width, "top1": 1 / math.sqrt(width)}
    if spectrum is None:
        return {"cosines": {}, "null": null}
    basis = spectrum.left if axis == 0 else spectrum.right
    # ‖U_kᵀv̂‖ is the cosine of v̂ with the span of the k directions.
    shares = basis.T @ unit.double()
    cosines = {"top1": abs(float(shares[0])), "topk": float(shares.norm()), "k": basis.shape[1]}
    return {"cosines": cosines, "null": null | {"topk": math.sqrt(basis.shape[1] / width)}}
