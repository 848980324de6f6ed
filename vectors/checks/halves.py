"""Which pairs made the vector, or stand in for those that did, and which pairs judge it."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from core.json_values import JsonValue
from vectors.checks.answers.judged_pairs import CONTINUED
from vectors.data.metadata import About
from vectors.texts.pair import ContrastPair, ContrastSet, split_pairs
from vectors.texts.tokenized import tokenize_text

if TYPE_CHECKING:
    from core.model.model import Model

FEWEST, MOST, PAIR_TOKENS = 10, 20, 1100
"""Pairs of a half that are read: as many as this many tokens hold, at least ten, where it has so many."""


@dataclass(frozen=True)
class Halves:
    """`made` give the states of the nulls, `held` judge; `in_sample`: the vector was made from `held` too."""

    made: tuple[ContrastPair, ...]
    held: tuple[ContrastPair, ...]
    in_sample: bool = False


def split_halves(pairs: Iterable[Any], seed: int, in_sample: bool = False) -> Halves:
    """Halves of pairs that the vector was not made from (or, `in_sample`, whose share in it is unknown)."""
    return _stratified([as_pair(pair) for pair in pairs], seed, in_sample)


def halves_of_set(contrast: ContrastSet, about: About, seed: int) -> Halves:
    """The card's own hold-out where the vector was made from this set; else two halves of it."""
    pairs = contrast.validated().pairs
    if contrast.sha256 != about.dataset_sha256:
        return _stratified(pairs, seed, in_sample=False)
    known = about.holdout
    # Where two models were compared, single texts were held out: no pair is known to be outside.
    if known and known.share and known.unit == "pairs":
        split = split_pairs([pair.key for pair in pairs], known.share, known.seed)
        if split.holdout:
            made, held = ([pairs[i] for i in part] for part in (split.train, split.holdout))
            return Halves(tuple(_mixed(made, seed)), tuple(_mixed(held, seed)))
    return _stratified(pairs, seed, in_sample=True)


def fit_halves(model: Model, halves: Halves, template_args: Mapping[str, JsonValue] | None = None) -> Halves:
    """Of each half as many pairs as the budget of tokens holds."""
    made, held = (_fitting(model, part, template_args) for part in (halves.made, halves.held))
    return replace(halves, made=made, held=held)


def _fitting(
    model: Model, pairs: Sequence[ContrastPair], template_args: Mapping[str, JsonValue] | None
) -> tuple[ContrastPair, ...]:
    few = pairs[:MOST]
    sides = [
        tokenize_text(model, side, template_args=template_args)
        for pair in few
        for side in (pair.positive, pair.negative)
    ]
    # The reply that a side lacks will be generated and read as well.
    tokens = sum(len(side.ids) + (CONTINUED if side.turns and side.reply is None else 0) for side in sides)
    return tuple(few[: max(FEWEST, min(MOST, PAIR_TOKENS * len(few) // max(1, tokens)))])


def as_pair(pair: Any) -> ContrastPair:
    return pair if isinstance(pair, ContrastPair) else ContrastPair(*pair)


def _stratified(pairs: Sequence[ContrastPair], seed: int, in_sample: bool) -> Halves:
    order = _mixed(pairs, seed)
    # Every second one of an order in which domains and kinds take turns: both halves have all of them.
    return Halves(tuple(order[1::2]), tuple(order[0::2]), in_sample)


def _mixed(pairs: Sequence[ContrastPair], seed: int) -> list[ContrastPair]:
    """Shuffled, and the groups of one domain and kind dealt in pairs of turns, so that any part is mixed."""
    groups: dict[tuple[str, str], list[ContrastPair]] = {}
    for pair in random.Random(seed).sample(list(pairs), len(pairs)):
        groups.setdefault((pair.domain, _kind(pair)), []).append(pair)
    ranked = [
        # Two of a group share a turn, so that each half gets one of them.
        (place // 2, number, pair)
        for number, group in enumerate(groups.values())
        for place, pair in enumerate(group)
    ]
    return [pair for _, _, pair in sorted(ranked, key=lambda item: item[:2])]


def _kind(pair: ContrastPair) -> str:
    if isinstance(pair.positive, str):
        return "text"
    last = pair.positive[-1]
    return str(last.get("role", "")) if isinstance(last, dict) else "ids"
