"""Whether a model's cache holds what it has read: the same tokens fed whole, one by one and in cuts.

All three must give the same logits, because an answer is fed one by one, a prompt in chunks and a lane whole. A model
whose chunk starts from an empty state, or whose positions start from zero, gives others, and nothing would tell.
Passed once per model, version and device; the result is cached beside the residual norms.
"""

from __future__ import annotations

import hashlib
import math
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import torch
import transformers
from torch import Tensor

from core.errors import ModelError
from core.mixer.mixer import Mixer
from core.model.cache import Tape, cache_keyword
from core.model.kept_measurements import measurement_file, read_measurement, write_measurement

if TYPE_CHECKING:
    from core.model.model import Model

LENGTH = 24
WAYS = {"one by one": tuple(range(1, LENGTH)), "in chunks": (8, LENGTH - 2, LENGTH - 1)}
"""Where the tokens are cut; two several-token chunks and single ones behind them are what a conversation feeds."""
LARGEST_DIFFERENCE = 1e-2
"""Root mean square of the logits' difference over that of the logits. In float32 sound families stay below 4e-6
(Nemotron-H, whose two kernels differ, 2e-3); those that forget are off by 0.06 and more. In 16 bit sound ones reach
3e-2, and one with experts 0.2, so there the user is only warned."""
OFFLOADED_WAYS = {way: cuts for way, cuts in WAYS.items() if way == "in chunks"}
"""For weights that every pass reads from a disk or from host memory: five passes instead of twenty-nine, which still
hold a second chunk and single tokens on a past."""
TRIALS = 3
"""Where experts or indexed tokens tie, rounding flips the choice on a rare text; forgetting shows on all."""

_passed: dict[str, float] = {}
"""Results of this process by key: tests and notebooks adopt one model many times."""


def check_cache(model: Model) -> float:
    """The largest difference, measured or cached; raises if it is too large in float32."""
    difference = _known_difference(model)
    if is_too_large(difference) and model.dtype.itemsize >= 4:
        raise ModelError(
            f"{model.name} ({type(model.hf).__name__}) loses its past: tokens fed {_worst_way(model)} give other logits"
            f" than the same tokens fed whole (difference {difference:.2g}, allowed {LARGEST_DIFFERENCE:g}), so with"
            f" transformers {transformers.__version__} its answers would be wrong"
        )
    return difference


def cache_warning(model: Model) -> str:
    """The sentence about a 16-bit model whose logits depend on how a text is fed; empty for all others."""
    difference = _known_difference(model)
    if not is_too_large(difference):
        return ""
    return (
        f"{model.name}: in {str(model.dtype).removeprefix('torch.')} its logits depend on how a text is fed, whole or"
        f" token by token (difference {difference:.2g}); --dtype float32 tells rounding from forgetting"
    )


def is_too_large(difference: float) -> bool:
    return not difference <= LARGEST_DIFFERENCE


def measure_differences(model: Model) -> dict[str, float]:
    """The difference of each way of feeding from feeding whole, the smallest of a few texts."""
    ways = OFFLOADED_WAYS if is_offloaded(model) else WAYS
    smallest = dict.fromkeys(ways, math.inf)
    for trial in range(TRIALS):
        ids = [(7 + 1009 * i + 31 * trial * (i + 1)) % model.vocab_size for i in range(LENGTH)]
        whole = _last_logits(model, ids, ())
        for way, cuts in ways.items():
            found = relative_difference(_last_logits(model, ids, cuts), whole)
            smallest[way] = min(smallest[way], math.inf if math.isnan(found) else found)
        if not any(map(is_too_large, smallest.values())):
            break
    return smallest


def is_offloaded(model: Model) -> bool:
    """Whether weights lie outside the device and are read in every pass."""
    return any(weight.is_meta for weight in model.hf.parameters())


def relative_difference(one: Tensor, other: Tensor) -> float:
    """Root mean square of the difference over that of `other`, where `other` is finite."""
    # A model may exclude tokens by −∞; one that computes NaN is refused when it speaks.
    finite = torch.isfinite(other)
    if not finite.any():
        return 0.0
    apart, size = (x[finite].square().mean().sqrt() for x in (one - other, other))
    return float(apart / size.clamp(min=torch.finfo(size.dtype).tiny))


def _last_logits(model: Model, ids: list[int], cuts: tuple[int, ...]) -> Tensor:
    tape, plan = Tape(model), model.planner.plan([Mixer()])
    edges = [0, *cuts, len(ids)]
    for start, stop in pairwise(edges):
        logits = tape.feed([ids[start:stop]], ["prompt"] * (stop - start), plan)
    return logits


def _known_difference(model: Model) -> float:
    """The cached difference; 0 for models that cannot generate."""
    if cache_keyword(model) is None:
        return 0.0
    key = _cache_key(model)
    if key not in _passed:
        _passed[key] = _kept_difference(measurement_file("cache-check", key), model)
    return _passed[key]


def _kept_difference(file: Path, model: Model) -> float:
    kept = read_measurement(file)
    # A bool is an int in Python.
    if isinstance(kept, float) and 0 <= kept < math.inf:
        return kept
    found = max(measure_differences(model).values())
    # JSON has no NaN and no infinity: a model with one is checked again.
    if math.isfinite(found):
        write_measurement(file, found)
    return found


def _worst_way(model: Model) -> str:
    found = measure_differences(model)
    return max(found, key=lambda way: found[way])


def _cache_key(model: Model) -> str:
    """Of weights, code and device: each can make the difference."""
    kind = type(model.hf)
    versions = (transformers.__version__, torch.__version__)
    parts = (
        model.fingerprint,
        kind.__module__,
        kind.__qualname__,
        model.device.type,
        model.dtype,
        *versions,
        OFFLOADED_WAYS if is_offloaded(model) else WAYS,
    )
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:32]
