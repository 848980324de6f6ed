"""Which answers can be generated in lanes of unequal length: found by trying the model once, not by its name.

Two prompts of unequal length are decoded in lanes and alone; the logits have to agree. A model whose layers see only a
window of tokens is decoded in lanes as long as prompt and answer fit the window. What lanes cannot take is tried as a
group with padding on the left, and only what differs there, too, is generated one by one.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from torch import Tensor

from core.errors import ModelError
from core.generation.batch.lane_answer import LaneRequest
from core.generation.batch.lane_batch import LaneBatch
from core.generation.batch.padded_batch import PaddedBatch
from core.mixer.mixer import Mixer
from core.model.anatomy import text_config
from core.model.cache import Tape
from core.model.cache_check import relative_difference
from core.model.cache_layers import has_plain_cache

if TYPE_CHECKING:
    from core.model.model import Model

PROBES = (tuple(range(3, 10)), tuple(range(5, 8)))
"""Ids of two prompts; which tokens they are does not matter."""
TOLERANCE, COARSE = 1e-3, 5e-2
"""Largest difference of the logits, root mean square over that of the logits, in 32-bit and in 16-bit types. Of the
families tried, those that are right differ by at most 4e-6 and 3e-2, those that are wrong by 0.1 and more."""


class LaneSupport:
    """Why one model cannot decode in lanes, empty if it can, and the tokens that its narrowest layer sees."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self.window = attention_window(model)
        self.problem = (
            _find_problem(model, LaneBatch)
            if has_plain_cache(model.hf)
            else f"the cache of {model.name} holds more than a key and a value per token"
        )

    @cached_property
    def padded_problem(self) -> str:
        """Why the model cannot decode prompts with padding on the left; tried when an answer first needs it."""
        return _find_problem(self._model, PaddedBatch)


def why_alone(model: Model, request: LaneRequest) -> str:
    """Why this answer has to be generated alone; empty if it may go into a lane or a padded group."""
    return why_no_lane(model, request) and _support_of(model).padded_problem


def why_no_lane(model: Model, request: LaneRequest) -> str:
    """Why this answer cannot go into a lane; empty if it can."""
    support = _support_of(model)
    if support.problem:
        return support.problem
    if support.window is not None and request.longest > support.window:
        return f"prompt and answer may take {request.longest} tokens, and layers of {model.name} see {support.window}"
    return ""


def _support_of(model: Model) -> LaneSupport:
    if LaneSupport not in model.attached:
        model.attached[LaneSupport] = LaneSupport(model)
    support: LaneSupport = model.attached[LaneSupport]
    return support


def attention_window(model: Model) -> int | None:
    """Tokens that a layer with a window sees; None where every layer sees all."""
    config = text_config(model.hf)
    kinds = getattr(config, "layer_types", None)
    if kinds is not None and set(kinds) <= {"full_attention"}:
        return None
    sizes = [
        getattr(config, name, None) for name in ("sliding_window", "attention_chunk_size", "window_size")
    ]
    return min((int(size) for size in sizes if isinstance(size, int)), default=None)


def _find_problem(model: Model, kind: type[LaneBatch]) -> str:
    try:
        apart = _largest_difference(model, kind)
    # Whatever a foreign model raises for this mask or this cache, its answers can still be generated alone.
    except Exception as error:
        return f"{model.name} does not take lanes of unequal length ({type(error).__name__})"
    limit = TOLERANCE if model.dtype.itemsize >= 4 else COARSE
    return "" if apart <= limit else f"{model.name} says something else in lanes of unequal length"


def _largest_difference(model: Model, kind: type[LaneBatch]) -> float:
    """Relative root mean square difference of the next token's logits, in such a batch against alone."""
    size = model.vocab_size
    requests = {n: LaneRequest(tuple(i % size for i in ids)) for n, ids in enumerate(PROBES)}
    batch = kind(model, requests, len(requests))
    while not batch.growing:
        batch.step()
    in_lanes = batch.feed_tokens()
    found = [
        relative_difference(in_lanes[row], _logits_alone(model, answer.request.ids))
        for row, answer in enumerate(batch.growing)
    ]
    if len(found) < len(PROBES):
        raise ModelError("a probe has no lane")
    return max(found)


def _logits_alone(model: Model, ids: tuple[int, ...]) -> Tensor:
    phases = ["prompt"] * (len(ids) - 1) + ["answer"]
    return Tape(model).feed([ids], phases, model.planner.plan([Mixer()]))[0]
