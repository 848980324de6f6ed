"""What works on which family, measured on tiny models: the table of docs/models.md.

`python -m tests.core.family_table` writes it again; tests/core/model/test_families.py measures again and compares.
What it is measured against shares nothing with the program: plain hooks on a second copy, the whole text, no cache.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

import core
from core.errors import ModelError
from core.generation.batch.answer_runner import AnswerRunner
from core.generation.batch.lane_answer import LaneAnswer, LaneRequest
from core.generation.batch.lane_support import why_alone, why_no_lane
from core.generation.batch.one_by_one import OneByOne
from core.generation.conversation import Conversation
from core.mixer.mixer import Channel, Mixer
from core.model.cache import Tape
from core.model.expert_routing import expert_modules
from tests.core import families, zoo
from tests.core.reference import Vector

PAGE = Path(__file__).resolve().parents[2] / "docs" / "models.md"
FIRST, LAST = "<!-- measured -->\n", "<!-- /measured -->\n"
HEAD = (
    "| family | loads | push and cap, against a plain hook | one by one and in chunks, against whole"
    " | an answer behind 80 tokens | rewind, undo, a turn behind a shadow | five unequal prompts at once"
    " | experts, against an unsteered lane | off by at most |\n|---|---|---|---|---|---|---|---|---|\n"
)
BOUNDS = (1e-4, 5e-3)
"""Largest difference of logits that a cell may hide behind its plus."""
TOLERANCE = {"nemotron_h": 5e-3}
NAMES = (*families.CONFIGS, *zoo.ARCHITECTURES)


@dataclass(frozen=True)
class FamilyRow:
    """A refusal, or the effect of push and cap, their distance from a naive hook, and the other differences."""

    name: str
    refusal: str = ""
    effect: float = 0.0
    hook: float = 0.0
    no_answers: str = ""
    fed: float = 0.0
    spoken: float = 0.0
    back: str = ""
    gone_back: float = 0.0
    batch: str = ""
    batched: float = 0.0
    experts: str = ""
    silent_experts: tuple[float, ...] = ()

    @property
    def worst(self) -> float:
        return max(self.hook, self.fed, self.spoken, self.gone_back, self.batched)

    def line(self) -> str:
        """The row of the page; differences as bounds, because their digits depend on the machine."""
        if self.refusal:
            return f"| {self.name} | refused: {self.refusal} | | | | | | | |\n"
        hook = "+ (equal to the bit)" if self.hook == 0 else f"{self.hook:.0e}"
        if self.no_answers:
            return f"| {self.name} | + | {hook} | refused: {self.no_answers} | | | | | |\n"
        bound = next((f"{bound:g}" for bound in BOUNDS if self.worst <= bound), f"**{self.worst:.2g}**")
        cells = f"+ ({self.back}) | + ({self.batch}) | {self.experts} | {bound}"
        return f"| {self.name} | + | {hook} | + | + | {cells} |\n"


@cache
def measured_row(name: str) -> FamilyRow:
    """Everything about one family, once per process."""
    try:
        model = core.adopt(_build(name), zoo.tokenizer(), name)
    except ModelError as error:
        return FamilyRow(name, refusal=str(error))
    copy, mixer, steer = _build(name), _mixer(model), _naive_steering(model)
    ids = zoo.ids(1, 20)
    with torch.no_grad(), core.steered(model, mixer):
        ours = model.hf(ids, use_cache=False).logits[0]
    theirs, plain = _naive_logits(copy, model, ids, steer), _naive_logits(copy, model, ids, lambda _l, h: h)
    hook, effect = _apart(ours, theirs), _apart(theirs, plain)
    try:
        fed = max(_apart(_fed(model, ids, cuts), theirs[-1]) for cuts in (range(1, 20), (8, 18, 19)))
    except ModelError as error:
        return FamilyRow(name, effect=effect, hook=hook, no_answers=str(error))
    spoken, (batch, batched) = _spoken(model, copy, mixer, steer), _batched(model, mixer)
    experts, silent = _routed(model)
    back, gone_back = _gone_back(model, mixer)
    return FamilyRow(
        name,
        effect=effect,
        hook=hook,
        fed=fed,
        spoken=spoken,
        back=back,
        gone_back=gone_back,
        batch=batch,
        batched=batched,
        experts=experts,
        silent_experts=silent,
    )


def measured_table() -> str:
    return HEAD + "".join(measured_row(name).line() for name in NAMES)


def _build(name: str) -> Any:
    return families.build(name) if name in families.CONFIGS else zoo.build(name)


def _direction(width: int) -> Tensor:
    """A unit vector whose norm is exact in floating point for a width of 4^n: all entries ±1/√width."""
    signs = torch.tensor([1.0 if i * i % 7 < 3 else -1.0 for i in range(width)])
    return signs / width**0.5


def _mixer(model: core.Model) -> Mixer:
    """A push on one layer, a ceiling on the next."""
    rows = {layer: _direction(model.hidden_size) for layer in range(model.n_layers)}
    push = Channel(Vector(rows, "push"), 6.0, "unit", layers=[1])
    return Mixer((push, Channel(Vector(rows, "cap"), 0.0, "unit", layers=[2], ceiling=-0.5)))


def _naive_steering(model: core.Model) -> Callable[[int, Tensor], Tensor]:
    row = _direction(model.hidden_size)

    def steer(layer: int, hidden: Tensor) -> Tensor:
        if layer == 1:
            return hidden + 6.0 * row
        if layer == 2:
            along = (hidden @ row[:, None]).double()
            return hidden + (along.clamp(max=-0.5) - along).float() * row
        return hidden

    return steer


def _naive_logits(
    copy: Any, model: core.Model, ids: Tensor, steer: Callable[[int, Tensor], Tensor]
) -> Tensor:
    """Logits [tokens, vocabulary] of the second copy under plain hooks, whole and without a cache."""
    with _hooked(copy.get_submodule(model.anatomy.blocks_path), steer), torch.no_grad():
        logits: Tensor = copy(input_ids=ids, use_cache=False).logits[0].float()
    return logits


@contextmanager
def _hooked(blocks: Any, steer: Callable[[int, Tensor], Tensor]) -> Any:
    def hook(layer: int) -> Callable[[Any, Any, Any], Any]:
        def change(_block: Any, _args: Any, output: Any) -> Any:
            if isinstance(output, tuple):
                return (steer(layer, output[0]), *output[1:])
            return steer(layer, output)

        return change

    handles = [block.register_forward_hook(hook(layer)) for layer, block in enumerate(blocks)]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _fed(model: core.Model, ids: Tensor, cuts: Sequence[int]) -> Tensor:
    """The last logits after the tokens were fed in pieces, steered throughout."""
    tape, plan = Tape(model), model.planner.plan([_mixer(model)])
    edges, row = [0, *cuts, ids.shape[1]], ids[0].tolist()
    for start, stop in pairwise(edges):
        logits = tape.feed([row[start:stop]], ["prompt"] * (stop - start), plan)
    return logits[0]


def _spoken(model: core.Model, copy: Any, mixer: Mixer, steer: Callable[[int, Tensor], Tensor]) -> float:
    """Difference of log-probabilities of an answer behind a prompt longer than one chunk."""
    prompt = zoo.ids(1, 80, seed=1)[0].tolist()
    live = core.stream(model, prompt, mixer=mixer, max_new_tokens=4, ignore_end=True)
    list(live)
    ids = torch.tensor([prompt + live.token_ids])
    wanted = _naive_logits(copy, model, ids, steer).log_softmax(-1)
    return max(abs(float(wanted[step.position - 1, step.token_id]) - step.logprob) for step in live.steps)


def _gone_back(model: core.Model, mixer: Mixer) -> tuple[str, float]:
    """How the model goes back, and how far what it then says is from what it says without going back."""
    how: dict[str, Any] = {"mixer": mixer, "max_new_tokens": 4, "ignore_end": True, "temperature": 0.0}
    straight, winding = Conversation(model), Conversation(model)
    for text in ("One", "Two"):
        list(straight.say(text, **how))
    list(winding.say("One", **how, shadow="forced"))
    list(winding.say("Three", **how))
    winding.undo()
    live = winding.say("Two", **how)
    for step in live:
        if step.index == 2:
            break
    live.rewind(2)
    list(live)
    words = "columns" if live.tape.past is None else "snapshots"
    assert straight.live is not None
    pairs = list(zip(straight.live.steps, live.steps, strict=True))
    if any(one.token_id != other.token_id for one, other in pairs):
        return words, math.inf
    return words, max(abs(one.logprob - other.logprob) for one, other in pairs)


def _batched(model: core.Model, mixer: Mixer) -> tuple[str, float]:
    """How five prompts of unequal length are answered at once, and how far from one by one, every other one steered."""
    requests = {
        number: LaneRequest(
            tuple(zoo.ids(1, length, seed=length)[0].tolist()),
            mixer if number % 2 else Mixer(),
            max_new_tokens=4,
            ignore_end=True,
        )
        for number, length in enumerate((3, 9, 17, 40, 41))
    }
    whys = [(why_alone(model, each), why_no_lane(model, each)) for each in requests.values()]
    words = (
        "one by one"
        if any(alone for alone, _ in whys)
        else "padded"
        if any(why for _, why in whys)
        else "lanes"
    )
    together, single = (_answers(kind(model, requests)) for kind in (AnswerRunner, OneByOne))
    apart = 0.0
    for number, one in single.items():
        if together[number].token_ids != one.token_ids:
            return words, math.inf
        pairs = zip(together[number].logprobs, one.logprobs, strict=True)
        apart = max(apart, *(abs(x - y) for x, y in pairs))
    return words, apart


def _routed(model: core.Model) -> tuple[str, tuple[float, ...]]:
    """In how many layers of experts the choice is read, and the share that changes under a dial at zero."""
    modules = expert_modules(model)
    if not modules:
        return "–", ()
    idle = Mixer((Channel(Vector({1: _direction(model.hidden_size)}), 0.0, "unit", layers=[1]),))
    live = core.stream(model, [5, 6, 7], mixer=idle, shadow="forced", max_new_tokens=4, ignore_end=True)
    shares = tuple(step.experts for step in list(live) if step.experts is not None)
    assert live.tape.routing is not None
    read = len(live.tape.routing.layers)
    if not read:
        return f"not read: {type(modules[0]).__name__} gets no numbers of experts", ()
    return f"+ ({read} layer{'s' if read > 1 else ''})", shares


def _answers(runner: AnswerRunner | OneByOne) -> dict[int, LaneAnswer]:
    found = {}
    while not runner.done:
        found.update({answer.number: answer for answer in runner.step()})
    return found


def _apart(one: Tensor, other: Tensor) -> float:
    return float((one.float() - other.float()).abs().max())


def write_page() -> None:
    before, _, rest = PAGE.read_text("utf-8").partition(FIRST)
    PAGE.write_text(before + FIRST + measured_table() + LAST + rest.partition(LAST)[2], "utf-8")


if __name__ == "__main__":
    write_page()
    print(f"{PAGE.name} is written", file=sys.stderr)
