"""A pair of texts that differ in one trait, and the contrast set that a vector is made from.

A side is a text, a list of messages or token ids. A last assistant message is unfinished: its end is where
the next token is decided.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

from core.errors import BadInput
from core.generation import token_ids
from core.generation.chat import Message
from core.secrets import holds_secret

Text: TypeAlias = token_ids.Text
FEWEST = 2
KEPT = "it stays in the texts and in everything made from them"


def last_message_text(text: Text) -> str:
    """A text itself, or the content of the last message."""
    if isinstance(text, str):
        return text
    return str(messages_of(text)[-1]["content"])


def messages_of(text: Text) -> list[Message]:
    """The messages of a conversation; raises for a plain text and for token ids."""
    messages = [part for part in text if isinstance(part, Mapping)]
    if isinstance(text, str) or len(messages) < len(text):
        raise BadInput("not a conversation: every message needs a role and a content")
    return messages


@dataclass(frozen=True)
class ContrastPair:
    """Two texts; for plain texts `begins` is the character at which each side's own part begins."""

    positive: Text
    negative: Text
    domain: str = ""
    begins: tuple[int, int] | None = None

    @property
    def key(self) -> str:
        return json.dumps([self.positive, self.negative])


PairInput: TypeAlias = ContrastPair | tuple[Text, Text]


@dataclass(frozen=True)
class Split:
    """Indices of the pairs that make the direction, and of those that only evaluate it."""

    train: tuple[int, ...]
    holdout: tuple[int, ...]


@dataclass(frozen=True)
class ContrastSet:
    """Pairs, or only prompts for comparing two models; `shape` is the name of their file format.

    `read` are the token positions that hold the trait, `poles` what plus and minus do. For the lint: `trait`
    are words that are the trait itself, and a set `from_templates` repeats itself on purpose.
    """

    name: str
    pairs: tuple[ContrastPair, ...] = ()
    prompts: tuple[Text, ...] = ()
    shape: str = "pairs"
    poles: tuple[str, str] = ("positive", "negative")
    about: str = ""
    read: str = "last"
    trait: frozenset[str] = frozenset()
    from_templates: bool = False

    @cached_property
    def sha256(self) -> str:
        # Names and domains are left out: the model does not read them.
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
        """Every distinct text once: the inputs for comparing two models."""
        every = [*self.prompts, *(side for pair in self.pairs for side in (pair.positive, pair.negative))]
        # Keyed by JSON, because messages are lists of dicts, which cannot be hashed.
        return tuple({json.dumps(text): text for text in every}.values())

    @property
    def has_replies(self) -> bool:
        """Whether every side ends in a message of the assistant."""
        return all(ends_in_reply(side) for pair in self.pairs for side in (pair.positive, pair.negative))

    @property
    def warnings(self) -> tuple[str, ...]:
        """Warnings to show before anything is made of the set."""
        held = sum(holds_secret(json.dumps(text, ensure_ascii=False)) for text in self.texts)
        return (f"{self.name}: {held} of its texts hold a key; {KEPT}",) if held else ()

    def validated(self) -> ContrastSet:
        """The set itself; raises if no direction can be made from it."""
        for number, pair in enumerate(self.pairs, start=1):
            if pair.positive == pair.negative:
                raise BadInput(f"{self.name}: pair {number} identical")
        if len(self.pairs) < FEWEST:
            extra = f"; its {len(self.prompts)} prompts can compare two models" if self.prompts else ""
            raise BadInput(f"{self.name}: needs ≥ {FEWEST} pairs, has {len(self.pairs)}{extra}")
        return self


def ends_in_reply(side: Text) -> bool:
    """Whether the last message is the assistant's."""
    last = side[-1] if side and not isinstance(side, str) else None
    return isinstance(last, Mapping) and last.get("role") == "assistant"


def split_pairs(keys: Sequence[str], holdout: float, seed: int) -> Split:
    """Seeded split of the indices of `keys`; equal keys stay on one side. A side too small to measure is
    merged.
    """
    groups: dict[str, list[int]] = {}
    # Equal pairs on both sides would make the hold-out partly in-sample.
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
