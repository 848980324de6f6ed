"""One pair of texts that differ in one trait, and the set of them that a vector is made from.

A side is a text, a list of messages (a last assistant message is still open, its end is where the next word
is about to be decided) or token ids.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

from core.errors import BadInput
from core.secrets import holds_secret

Text: TypeAlias = str | Sequence[Any]
FEWEST = 2
KEPT = "they are used as they are, and so is what is made of them"


def last_message_text(text: str | Sequence[Any]) -> str:
    """A text itself; of messages what the last one says."""
    if isinstance(text, str):
        return text
    last: Any = text[-1]
    return str(last["content"])


@dataclass(frozen=True)
class ContrastPair:
    """`begins` says, for plain texts, at which character each side's own words begin."""

    positive: Text
    negative: Text
    domain: str = ""
    begins: tuple[int, int] | None = None

    @property
    def key(self) -> str:
        return json.dumps([self.positive, self.negative])


@dataclass(frozen=True)
class Split:
    """Which pairs a direction is made from, and which only judge it."""

    train: tuple[int, ...]
    holdout: tuple[int, ...]


@dataclass(frozen=True)
class ContrastSet:
    """Pairs, or for two models only prompts; `shape` is the shape of the file they came in."""

    name: str
    pairs: tuple[ContrastPair, ...] = ()
    prompts: tuple[Text, ...] = ()
    shape: str = "pairs"
    poles: tuple[str, str] = ("positive", "negative")
    about: str = ""

    @cached_property
    def sha256(self) -> str:
        content = [pair.key for pair in self.pairs] + [json.dumps(prompt) for prompt in self.prompts]
        return hashlib.sha256("\n".join(content).encode()).hexdigest()

    @property
    def domains(self) -> dict[str, int]:
        return dict(Counter(pair.domain for pair in self.pairs))

    @property
    def sign_note(self) -> str:
        return f"+ = {self.poles[0]}, − = {self.poles[1]}"

    @property
    def texts(self) -> tuple[Text, ...]:
        """Every different text once: what two models are compared on."""
        every = [*self.prompts, *(side for pair in self.pairs for side in (pair.positive, pair.negative))]
        return tuple({json.dumps(text): text for text in every}.values())

    @property
    def warnings(self) -> tuple[str, ...]:
        """What its owner should know before anything is made of it."""
        held = sum(holds_secret(json.dumps(text, ensure_ascii=False)) for text in self.texts)
        return (f"{self.name}: {held} of its texts hold a key; {KEPT}",) if held else ()

    def validated(self) -> ContrastSet:
        """Refuse what no direction can be made from."""
        for number, pair in enumerate(self.pairs, start=1):
            if pair.positive == pair.negative:
                raise BadInput(f"{self.name}: pair {number} identical")
        if len(self.pairs) < FEWEST:
            extra = f"; its {len(self.prompts)} prompts can compare two models" if self.prompts else ""
            raise BadInput(f"{self.name}: needs ≥ {FEWEST} pairs, has {len(self.pairs)}{extra}")
        return self


def split_pairs(keys: Sequence[str], holdout: float, seed: int) -> Split:
    """Seeded split of what `keys` name; equal keys stay on one side. Sides too small to measure are merged."""
    groups: dict[str, list[int]] = {}
    for index, key in enumerate(keys):
        groups.setdefault(key, []).append(index)
    order = list(groups.values())
    random.Random(seed).shuffle(order)
    wanted = round(len(order) * holdout)
    if wanted < FEWEST or len(order) - wanted < FEWEST:
        return Split(tuple(range(len(keys))), ())
    held = sorted(index for group in order[:wanted] for index in group)
    kept = sorted(index for group in order[wanted:] for index in group)
    return Split(tuple(kept), tuple(held))
