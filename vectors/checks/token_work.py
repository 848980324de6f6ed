"""Work counted in tokens, and how long a model takes for it: a few timed passes of the model at hand.

The passes are timed in CPU time where the model runs on the CPU, so that an estimate made beside other work holds
for a machine of its own.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import torch

from core.jobs.job import Steps, gpu_task

if TYPE_CHECKING:
    from core.model.model import Model

BACKWARD, DECODED = 1.9, 2.4
"""Cost of a token in a forward and backward pass, and of a token sampled in a batch, in tokens of one forward pass."""
LAYER_SECONDS = 0.03
"""To measure how well one layer separates two classes, intervals included, on the CPU."""
PASSES = 5
TIMED_ROWS, TIMED_TOKENS = 4, 48


@dataclass(frozen=True)
class TokenWork:
    """Tokens by what is done with them, the steps of all batches that sample, and layers that are measured."""

    forward: float = 0.0
    backward: float = 0.0
    decoded: float = 0.0
    steps: float = 0.0
    layers: float = 0.0

    def __add__(self, other: TokenWork) -> TokenWork:
        return TokenWork(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))

    def seconds(self, pace: ModelPace) -> float:
        tokens = self.forward + BACKWARD * self.backward + DECODED * self.decoded
        return tokens * pace.token + self.steps * pace.step + self.layers * LAYER_SECONDS


@dataclass(frozen=True)
class ModelPace:
    """Seconds for a token in a pass over many, and for a pass over one."""

    token: float
    step: float


def measure_pace(model: Model) -> Steps[ModelPace]:
    """The quickest of a few passes: the first one loads kernels."""
    token, step = math.inf, math.inf
    many, one = (TIMED_ROWS, TIMED_TOKENS), (1, 1)
    for _ in range(PASSES):
        token = min(token, (yield gpu_task(partial(_pass_seconds, model, many))) / math.prod(many))
        step = min(step, (yield gpu_task(partial(_pass_seconds, model, one))))
    return ModelPace(token, step)


def _pass_seconds(model: Model, shape: Sequence[int]) -> float:
    """Of an unsteered forward pass, logits left out."""
    # On a CPU this thread works as long as any other; on a GPU it only waits.
    clock = time.thread_time if model.device.type == "cpu" else time.perf_counter
    ids = torch.arange(math.prod(shape), device=model.device).reshape(*shape) % model.vocab_size
    began = clock()
    with torch.no_grad(), model.steering.steering_with(None):
        states: Any = model.anatomy.trunk(input_ids=ids, use_cache=False)[0]
        # Reading a number waits for the device.
        float(states[0, 0, 0])
    return clock() - began
