"""Mean differences over many processes: `torchrun --nproc_per_node N -m vectors.extraction.ranks SPEC.json`.

Each rank reads its share of the texts and keeps a mean and a sum of squares per class and layer; what travels
is that, once, whatever the number of texts (Chan, Golub & LeVeque 1983). Ranks write their state as they go,
so a run that was killed reads only what is missing. No hold-out: for d and accuracy, `steertui check` the file.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
import torch.distributed as dist
from safetensors.torch import load_file, save_file
from torch import Tensor

from core import load
from core.bands import parse_layers
from core.capture import capture_stream
from core.errors import BadInput, UsageError
from core.reading import Choice
from core.reducers import Moments
from vectors.about import About
from vectors.contrasts.catalogue import contrast
from vectors.contrasts.pair import ContrastSet
from vectors.extraction.material import pair_sides
from vectors.extraction.reads import RESPONSE, checked, chosen
from vectors.extraction.states import Reading
from vectors.vector import SteeringVector

if TYPE_CHECKING:
    from core.model import Model

EVERY = 8  # batches between two writes
Key = tuple[int, int]  # class (0 positive, 1 negative), layer
Sums = dict[Key, Moments]


@dataclass
class Share:
    """One rank's part of the work: which texts, what is summed up of them, and where that is kept."""

    indices: list[int]
    file: Path
    identity: str
    done: set[int]
    sums: Sums

    @staticmethod
    def opened(folder: Path, rank: int, indices: list[int], identity: str) -> Share:
        share = Share(indices, folder / f"rank-{rank}.safetensors", identity, set(), {})
        if share.file.is_file():
            share._restore(load_file(share.file))
        return share

    def add(self, indices: Sequence[int], part: Mapping[int, Tensor]) -> None:
        """Even texts are positive sides, odd ones negative."""
        sides = torch.tensor([index % 2 for index in indices])
        for layer, rows in part.items():
            for side in (0, 1):
                if (mine := rows[sides == side]).shape[0]:
                    more = Moments.of(mine)
                    key = (side, layer)
                    self.sums[key] = self.sums[key] + more if key in self.sums else more
        self.done.update(indices)

    def keep(self) -> None:
        """Written whole and moved into place."""
        tensors = {f"{side}.{layer}": sums.state() for (side, layer), sums in self.sums.items()}
        tensors |= {"done": torch.tensor(sorted(self.done)), "identity": _bytes(self.identity)}
        fresh = self.file.with_suffix(".part")
        save_file(tensors, fresh)
        fresh.replace(self.file)

    def _restore(self, tensors: dict[str, Tensor]) -> None:
        if not torch.equal(tensors.pop("identity"), _bytes(self.identity)):
            return
        self.done = set(tensors.pop("done").tolist())
        for name, state in tensors.items():
            side, layer = map(int, name.split("."))
            self.sums[side, layer] = Moments.from_state(state)


def dealt(lengths: Sequence[int], rank: int, world: int) -> list[int]:
    """Longest first, one to each rank in turn: all have about the same to do."""
    return sorted(range(len(lengths)), key=lambda i: -lengths[i])[rank::world]


def merged(states: Sequence[Tensor]) -> Moments:
    """Moments of disjoint shares; ranks that had nothing to read are left out."""
    parts = [Moments.from_state(state) for state in states if state[0] > 0]
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return total


def run(spec: Mapping[str, Any]) -> SteeringVector | None:
    """The vector on rank 0, None on the others. `processes` is asserted: a launcher that starts fewer is an error."""
    rank, world = dist.get_rank(), dist.get_world_size()
    if world != spec["processes"]:
        raise UsageError(f"{spec['processes']} processes were asked for, {world} run")
    read = checked(spec.get("read", "last"))
    if read == RESPONSE:
        raise UsageError(
            "response-mean writes replies first: use steertui extract, or a set with stored replies"
        )
    found, model = contrast(spec["contrast"]).checked(), load(spec["model"])
    layers = parse_layers(spec.get("layers") or "all", model.n_layers)
    sides = pair_sides(model, found, read)
    choices = [chosen(read, side) for side in sides]
    mine = dealt([len(side.ids) for side in sides], rank, world)
    folder = Path(spec["out"]).with_suffix(".ranks")
    folder.mkdir(parents=True, exist_ok=True)
    identity = json.dumps([model.fingerprint, found.sha256, read, list(layers), rank, world])
    share = Share.opened(folder, rank, mine, hashlib.sha256(identity.encode()).hexdigest())
    _read(model, share, [list(side.ids) for side in sides], choices, tuple(layers), spec.get("batch_tokens"))
    totals = _gathered(share, tuple(layers), model.hidden_size)
    if rank != 0:
        return None
    vector = _vector(model, found, read, totals, tuple(layers))
    vector.save(spec["out"])
    return vector


def _read(
    model: Model,
    share: Share,
    ids: list[list[int]],
    choices: Sequence[Choice],
    layers: tuple[int, ...],
    batch_tokens: int | None,
) -> None:
    left = [index for index in share.indices if index not in share.done]
    if not left:
        return
    budget = Reading(layers, batch_tokens).budget(model)
    stream = capture_stream(
        model, [ids[i] for i in left], layers=layers, read=[choices[i] for i in left], batch_tokens=budget
    )
    for number, (places, part) in enumerate(stream, start=1):
        share.add([left[place] for place in places], part)
        if number % EVERY == 0:
            share.keep()
    share.keep()


def _gathered(share: Share, layers: tuple[int, ...], width: int) -> dict[Key, Moments]:
    """One flat row per rank, then Chan's formula in the order of the ranks."""
    nothing = torch.zeros(1 + 2 * width, dtype=torch.float64)
    keys = [(side, layer) for side in (0, 1) for layer in layers]
    flat = torch.stack([share.sums[key].state() if key in share.sums else nothing for key in keys])
    rows = [torch.empty_like(flat) for _ in range(dist.get_world_size())]
    dist.all_gather(rows, flat)
    return {key: merged([row[place] for row in rows]) for place, key in enumerate(keys)}


def _vector(
    model: Model, found: ContrastSet, read: str, totals: Mapping[Key, Moments], layers: tuple[int, ...]
) -> SteeringVector:
    rows = {layer: (totals[0, layer].mean - totals[1, layer].mean).float() for layer in layers}
    about = About(
        name=found.name,
        model_id=model.name,
        n_layers=model.n_layers,
        method="mean",
        read=read,
        contrast=found.name,
        dataset_sha256=found.sha256,
        sign_note=found.sign_note,
        act_norms=dict(model.residual_norms),
    )
    return SteeringVector(rows, about=about)


def _bytes(text: str) -> Tensor:
    return torch.tensor(list(text.encode()), dtype=torch.uint8)


def main() -> int:
    if len(sys.argv) != 2 or "RANK" not in os.environ:
        sys.stderr.write("usage: torchrun --nproc_per_node N -m vectors.extraction.ranks SPEC.json\n")
        return UsageError.exit_code
    dist.init_process_group("gloo")
    try:
        run(json.loads(Path(sys.argv[1]).read_text()))
    except (BadInput, UsageError) as error:
        sys.stderr.write(f"rank {dist.get_rank()}: {error}\n")
        return error.exit_code
    finally:
        dist.destroy_process_group()
    return 0


if __name__ == "__main__":
    sys.exit(main())
