"""One of several processes that read a contrast set together, started by torchrun on one host or on many:

    PYTHONSAFEPATH=1 torchrun --nproc_per_node G -m vectors.extraction.distributed.worker SPEC.json

SPEC.json holds the options of `steertui extract` (`contrast`, `out`, `model`, `layers`, `read`,
`batch_tokens`), `processes` (G times the number of hosts) and, in `loading`, how the model is loaded
(`dtype`, `device`, …). On one host `steertui extract --ranks G` does all that.

Each rank loads its own model, reads its share of the texts and keeps means (see `shard`), which are
merged once. It saves them as it goes, so a run that was killed reads only what is missing. There is no
hold-out: for d and accuracy, run `steertui check` on the file.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import torch
import torch.distributed as dist

from core import load
from core.activations.capture import capture_steps
from core.activations.positions import Choice
from core.activations.reducers import RowMean
from core.errors import BadInput, SteerError, UsageError
from core.files import JSON_BYTES, read_utf8
from core.jobs.job import run_steps
from core.json_values import JsonValue
from core.mixer.layer_ranges import parse_layers
from vectors.contrasts.catalogue import contrast
from vectors.data.metadata import About
from vectors.extraction.distributed.shard import Key, RankShare, assign_texts, merge_means
from vectors.extraction.material import tokenize_pairs
from vectors.texts.pair import ContrastSet
from vectors.texts.position_spec import RESPONSE, check_read, read_positions
from vectors.vector import SteeringVector

if TYPE_CHECKING:
    from core.model.model import Model

EVERY = 8  # batches between two saves of the means
WHERE = ("device", "device_map")
Spec = Mapping[str, Any]


def check_process_count(spec: Spec) -> None:
    """Raise if fewer processes run than requested: each would take itself for the only one.

    `accelerate launch --cpu --num_processes 2`, for example, starts a single process.
    """
    world = int(os.environ.get("WORLD_SIZE", "1"))
    if world != spec["processes"]:
        raise UsageError(
            f"{spec['processes']} processes were asked for, {world} run: start them with torchrun"
        )


def run(spec: Spec) -> SteeringVector | None:
    """Read this rank's share and merge all; returns the vector on rank 0, None on the others."""
    rank, world = dist.get_rank(), dist.get_world_size()
    found = contrast(spec["contrast"]).validated()
    read = check_read(spec.get("read") or found.read)
    if read == RESPONSE and not found.has_replies:
        raise UsageError(
            "response-mean has to generate replies first: use steertui extract, or a set with stored replies"
        )
    model = load(spec["model"], **loading_options(spec))
    layers = parse_layers(spec.get("layers") or "all", model.n_layers)
    args = spec.get("template_arg")
    sides = tokenize_pairs(model, found, read, args)
    choices = [read_positions(read, side) for side in sides]
    mine = assign_texts([len(side.ids) for side in sides], rank, world)
    folder = Path(spec["out"]).with_suffix(".ranks")
    folder.mkdir(parents=True, exist_ok=True)
    # All that changes this rank's means; with another number of ranks its share is another one.
    asked = ["means", model.fingerprint, str(model.dtype), found.sha256, read, list(layers), rank, world]
    identity = json.dumps([*asked, *([args] if args else [])])
    share = RankShare.load_or_create(folder, rank, mine, hashlib.sha256(identity.encode()).hexdigest())
    _read_share(
        model, share, [list(side.ids) for side in sides], choices, tuple(layers), spec.get("batch_tokens")
    )
    totals = _gather_means(share, tuple(layers), model.hidden_size)
    if rank != 0:
        return None
    vector = _build_vector(model, found, read, totals, tuple(layers))
    vector.save(spec["out"])
    return vector


def loading_options(spec: Spec) -> dict[str, Any]:
    """Loading options of this rank: a GPU of its own, if there are GPUs and no device was specified."""
    said = dict(spec.get("loading") or {})
    if any(said.get(key) for key in WHERE) or not torch.cuda.is_available():
        return said
    # LOCAL_RANK counts within this host, as the devices do; RANK counts over all hosts.
    here, there = int(os.environ.get("LOCAL_RANK", "0")), torch.cuda.device_count()
    if here >= there:
        raise UsageError(
            f"rank {here} of this host has no GPU, there are {there}: start fewer, or use --device cpu"
        )
    return said | {"device": f"cuda:{here}"}


def _read_share(
    model: Model,
    share: RankShare,
    ids: list[list[int]],
    choices: Sequence[Choice],
    layers: tuple[int, ...],
    batch_tokens: int | None,
) -> None:
    # Printed first, so that the launcher's total includes what an earlier run has read.
    print_facts(done=len(share.done))
    left = [index for index in share.indices if index not in share.done]
    if not left:
        return
    writes = itertools.count(1)

    def keep(places: Sequence[int], part: Mapping[int, torch.Tensor]) -> None:
        # `places` count within `left`, the share counts within the whole set.
        share.add([left[place] for place in places], part)
        print_facts(done=len(share.done))
        if next(writes) % EVERY == 0:
            share.save()

    run_steps(
        capture_steps(
            model,
            [ids[i] for i in left],
            keep,
            layers=layers,
            read=[choices[i] for i in left],
            batch_tokens=batch_tokens,
        )
    )
    share.save()


def _gather_means(share: RankShare, layers: tuple[int, ...], width: int) -> dict[Key, RowMean]:
    """Gather one flat row per rank, then merge with Chan's formula in the order of the ranks."""
    # all_gather needs the same shape from every rank, also from one without texts of a class.
    nothing = torch.zeros(1 + width, dtype=torch.float64)
    keys = [(side, layer) for side in (0, 1) for layer in layers]
    flat = torch.stack([share.sums[key].state() if key in share.sums else nothing for key in keys])
    rows = [torch.empty_like(flat) for _ in range(dist.get_world_size())]
    dist.all_gather(rows, flat)
    return {key: merge_means([row[place] for row in rows]) for place, key in enumerate(keys)}


def _build_vector(
    model: Model, found: ContrastSet, read: str, totals: Mapping[Key, RowMean], layers: tuple[int, ...]
) -> SteeringVector:
    # Subtracted in float64, before rounding: the two means may be close to each other.
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


def print_facts(**facts: JsonValue) -> None:
    """Print a line of JSON for the launcher; flushed as one, so that lines of several ranks do not mix."""
    rank = dist.get_rank() if dist.is_initialized() else 0
    sys.stdout.write(json.dumps({"rank": rank, **facts}) + "\n")
    sys.stdout.flush()


def main() -> int:
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        sys.stdout.write((__doc__ or "") + "\n")
        return 0 if sys.argv[1:] == ["--help"] else UsageError.exit_code
    try:
        spec = json.loads(read_utf8(sys.argv[1], JSON_BYTES))
        check_process_count(spec)
        dist.init_process_group("gloo")
        run(spec)
        dist.barrier()  # gloo aborts the peers of a rank that exits early
    except (OSError, ValueError, KeyError) as error:
        return _report_error(BadInput(f"{sys.argv[1]}: {type(error).__name__} {error}"))
    except SteerError as error:
        return _report_error(error)
    finally:
        if dist.is_initialized():
            dist.destroy_process_group()
    return 0


def _report_error(error: SteerError) -> int:
    print_facts(error=str(error), exit_code=error.exit_code)
    sys.stderr.write(f"rank {os.environ.get('RANK', '0')}: {error}\n")
    return error.exit_code


def exit_now(code: int) -> NoReturn:
    """Exit at once with `os._exit`: gloo's threads can crash during interpreter shutdown."""
    # os._exit does not flush.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    exit_now(main())
