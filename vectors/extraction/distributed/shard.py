"""One rank's share of an extraction: which texts it reads, and the means of their states.

Saved and exchanged are a count and a mean per class and layer, whatever the number of texts
(Chan, Golub & LeVeque 1983).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load, save
from torch import Tensor

from core.activations.reducers import RowMean
from core.files import GIBI, read_regular, write_atomic

LARGEST = 4 * GIBI
Key = tuple[int, int]  # class (0 positive, 1 negative), layer
Sums = dict[Key, RowMean]


@dataclass
class RankShare:
    """One rank's share: its text indices, the means so far, and the file that holds them."""

    indices: list[int]
    file: Path
    identity: str
    done: set[int]
    sums: Sums

    @staticmethod
    def load_or_create(folder: Path, rank: int, indices: list[int], identity: str) -> RankShare:
        share = RankShare(indices, folder / f"rank-{rank}.safetensors", identity, set(), {})
        if share.file.is_file():
            share._restore(load(read_regular(share.file, LARGEST)))
        return share

    def add(self, indices: Sequence[int], part: Mapping[int, Tensor]) -> None:
        """Add the states of some texts; even indices are positive sides, odd ones negative."""
        sides = torch.tensor([index % 2 for index in indices])
        for layer, rows in part.items():
            for side in (0, 1):
                if (mine := rows[sides == side]).shape[0]:
                    more = RowMean.of(mine)
                    key = (side, layer)
                    self.sums[key] = self.sums[key] + more if key in self.sums else more
        self.done.update(indices)

    def save(self) -> None:
        """Write the file atomically."""
        tensors = {f"{side}.{layer}": sums.state() for (side, layer), sums in self.sums.items()}
        tensors |= {"done": torch.tensor(sorted(self.done)), "identity": _byte_tensor(self.identity)}
        # The means and the list of what is done in one file, so that neither is newer than the other.
        write_atomic(self.file, save(tensors))

    def _restore(self, tensors: dict[str, Tensor]) -> None:
        # Of another model, set or number of ranks: start empty, the next save replaces it.
        if not torch.equal(tensors.pop("identity"), _byte_tensor(self.identity)):
            return
        self.done = set(tensors.pop("done").tolist())
        for name, state in tensors.items():
            side, layer = map(int, name.split("."))
            self.sums[side, layer] = RowMean.from_state(state)


def assign_texts(lengths: Sequence[int], rank: int, world: int) -> list[int]:
    """This rank's text indices: longest first, one to each rank in turn, so that all have similar work."""
    return sorted(range(len(lengths)), key=lambda i: -lengths[i])[rank::world]


def merge_means(states: Sequence[Tensor]) -> RowMean:
    """Merge the means of disjoint shares; ranks without texts are skipped."""
    parts = [RowMean.from_state(state) for state in states if state[0] > 0]
    total = parts[0]
    # Always in the order of the ranks: the last bits of a sum depend on its order.
    for part in parts[1:]:
        total = total + part
    return total


def _byte_tensor(text: str) -> Tensor:
    return torch.tensor(list(text.encode()), dtype=torch.uint8)
