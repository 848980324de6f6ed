"""Our loop and transformers' `generate` token by token in turns, on one model in one thread.

What else the machine does falls on both halves of a pair, which seconds of either alone do not allow. Between two of
its tokens `generate` asks whether to stop; there ours makes its next token. Each half is timed without the other. For
`generate` the norms are transformers' own.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import quantiles
from typing import Any

import torch
from torch import Tensor, nn
from transformers import StoppingCriteria, StoppingCriteriaList

import core
from core.generation.live import AnswerStream
from core.mixer.mixer import Mixer
from core.model.model import Model


def step_ratios(model: Model, ids: list[int], mixer: Mixer, new: int) -> list[float]:
    """CPU time of a token of `generate` over that of ours, pair by pair; the prompt's pass is in neither."""
    live = core.stream(model, ids, mixer=mixer, max_new_tokens=new, ignore_end=True)
    next(live)
    turns = _Turns(_own_forwards(model.hf), live)
    generated(model, ids, new, stopping_criteria=StoppingCriteriaList([turns]))
    return [theirs / ours for theirs, ours in zip(turns.theirs[1:], turns.ours[1:], strict=False)]


def generated(model: Model, ids: list[int], new: int, **more: Any) -> list[int]:
    """The tokens that transformers generates, with norms as it wrote them: ours are fused at load."""
    tokens = torch.tensor([ids], device=model.device)
    with plain_norms(model.hf):
        out = model.hf.generate(
            tokens,
            attention_mask=torch.ones_like(tokens),
            max_new_tokens=new,
            min_new_tokens=new,
            do_sample=False,
            pad_token_id=0,
            **more,
        )
    said: list[int] = out[0, len(ids) :].tolist()
    return said


def judge_steps(
    model: Model, ids: list[int], arm: tuple[str, Mixer], against: str, new: int, at_least: float
) -> dict[str, Any]:
    """A goal like those of `bench.arms.judge`, with quartiles: a pair is too short for its range to say anything."""
    cpu, wall = time.process_time(), time.perf_counter()
    low, middle, high = quantiles(step_ratios(model, ids, arm[1], new), n=4)
    crowding = (time.perf_counter() - wall) / (time.process_time() - cpu)
    return {
        "arm": arm[0],
        "against": against,
        "median": middle,
        "low": low,
        "high": high,
        "at_least": at_least,
        "clock": "cpu",
        "wall_per_cpu": crowding,
        "verdict": "reached" if middle >= at_least else "missed",
    }


class _Turns(StoppingCriteria):  # type: ignore[misc]
    """Never stops; makes our next token and keeps the times of both."""

    def __init__(self, fused: dict[nn.Module, Any], live: AnswerStream) -> None:
        self._fused, self._live, self._left = fused, live, 0.0
        self.theirs: list[float] = []
        self.ours: list[float] = []

    def __call__(self, input_ids: Tensor, scores: Any, **_: Any) -> Tensor:
        now = time.thread_time()
        # Before its first call stands the pass over the prompt.
        if self._left:
            self.theirs.append(now - self._left)
        with _with_forwards(self._fused):
            began = time.thread_time()
            if next(self._live, None) is not None and self._left:
                self.ours.append(time.thread_time() - began)
        self._left = time.thread_time()
        return torch.zeros(len(input_ids), dtype=torch.bool, device=input_ids.device)


def _own_forwards(hf: nn.Module) -> dict[nn.Module, Any]:
    return {module: vars(module)["forward"] for module in hf.modules() if "forward" in vars(module)}


@contextmanager
def plain_norms(hf: nn.Module) -> Iterator[None]:
    """The norms as transformers wrote them."""
    fused = _own_forwards(hf)
    for module in fused:
        del module.forward
    try:
        yield
    finally:
        for module, forward in fused.items():
            module.forward = forward


@contextmanager
def _with_forwards(fused: dict[nn.Module, Any]) -> Iterator[None]:
    """Ours again, inside `plain_norms`."""
    for module, forward in fused.items():
        module.forward = forward
    try:
        yield
    finally:
        for module in fused:
            del module.forward
