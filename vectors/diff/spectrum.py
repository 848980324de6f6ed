"""The leading singular values and vectors of ΔW in a few passes over its rows, with error bounds.

Randomised range finder with power iterations (Halko, Martinsson & Tropp 2011, algorithms 4.3 and 4.4): for
a flat spectrum the last values come out low, so each carries ‖ΔWᵀu − σ v‖: some singular value of ΔW lies
within that of it. `exact` takes the eigenvalues of the smaller Gram matrix instead.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from core.json_values import JsonValue
from vectors.diff.change import WeightChange

OVERSAMPLING, POWER_STEPS = 8, 2


@dataclass(frozen=True)
class Spectrum:
    """ΔW ≈ Σ σᵢ uᵢ vᵢᵀ; `errors[i]` bounds the distance from σᵢ to a true singular value."""

    left: Tensor
    values: Tensor
    right: Tensor
    errors: Tensor
    exact: bool

    def to_json(self, squared_norm: float) -> dict[str, JsonValue]:
        share = float(self.values.square().sum()) / squared_norm if squared_norm else 0.0
        return {
            "singular_values": self.values.tolist(),
            "errors": self.errors.tolist(),
            "share_top1": float(self.values[0] ** 2) / squared_norm if squared_norm else 0.0,
            "share_topk": share,
            "exact": self.exact,
        }


def leading_spectrum(change: WeightChange, k: int, *, exact: bool = False, seed: int = 0) -> Spectrum:
    """The k leading singular triplets, in float64."""
    k = min(k, *change.shape)
    right = _by_gram(change, k) if exact else _by_sketch(change, k, seed)
    image = change.multiply(right.float()).double()
    # Both methods give right vectors V; the SVD of ΔW·V gives values and left vectors, ΔWᵀu the errors.
    left, values, turn = torch.linalg.svd(image, full_matrices=False)
    right = right @ turn.T
    spectrum = Spectrum(left[:, :k], values[:k], right[:, :k], torch.zeros(k, dtype=torch.float64), exact)
    back = change.multiply_transposed(spectrum.left.float())
    errors = (back - spectrum.right * spectrum.values).norm(dim=0)
    return Spectrum(spectrum.left, spectrum.values, spectrum.right, errors, exact)


def _by_sketch(change: WeightChange, k: int, seed: int) -> Tensor:
    """An orthonormal basis of the row space's leading part, [columns, k + oversampling]."""
    # A few columns more than k make the first k accurate.
    width = min(k + OVERSAMPLING, *change.shape)
    rng = torch.Generator().manual_seed(seed)
    basis = torch.randn(change.shape[1], width, generator=rng, dtype=torch.float64)
    for _ in range(POWER_STEPS + 1):
        # Orthonormal after every product: repeated ones turn all columns towards the first direction.
        image = torch.linalg.qr(change.multiply(basis.float()).double())[0]
        basis = torch.linalg.qr(change.multiply_transposed(image.float()))[0]
    return basis


def _by_gram(change: WeightChange, k: int) -> Tensor:
    """Leading right singular vectors from the eigenvectors of ΔWᵀΔW or, if that is smaller, ΔWΔWᵀ."""
    height, width = change.shape
    if width <= height:
        gram = torch.zeros(width, width, dtype=torch.float64)
        for _, rows in change.change_slices():
            gram += rows.double().T @ rows.double()
        # eigh returns eigenvalues in ascending order: the last k columns, reversed.
        return torch.linalg.eigh(gram)[1][:, -k:].flip(1)
    gram = torch.zeros(height, height, dtype=torch.float64)
    for start, rows in change.change_slices():
        # Slice by slice against all slices: two of them are in memory, never the whole matrix.
        for other, columns in change.change_slices():
            gram[start : start + len(rows), other : other + len(columns)] = rows.double() @ columns.double().T
    left = torch.linalg.eigh(gram)[1][:, -k:].flip(1)
    # These are left vectors; ΔWᵀ takes them to the right side.
    return torch.linalg.qr(change.multiply_transposed(left.float()))[0]
