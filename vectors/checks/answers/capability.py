"""What a dose costs: two-choice questions of common knowledge, answered with and without it.

The model chooses the ending with the larger log p. One score of 85 questions is good to ± 8 points, so what is
told is the paired count: lost and won under the dose, with an exact sign test.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from core.generation.token_ids import text_ids
from core.jobs.job import Steps, gpu_task
from vectors.checks.gradients.scored_rows import Push, ScoredRow, mean_logprobs, row_chunks

if TYPE_CHECKING:
    from core.model.model import Model

PASS_TOKENS = 1536
TABLES: dict[str, str] = {
    "The capital of {} is": "France Paris, Germany Berlin, Italy Rome, Spain Madrid, Japan Tokyo, China Beijing,"
    " Russia Moscow, Egypt Cairo, Greece Athens, Poland Warsaw, Austria Vienna, Portugal Lisbon, Ireland Dublin,"
    " Norway Oslo, Sweden Stockholm, Finland Helsinki, Cuba Havana, Peru Lima, Kenya Nairobi, Turkey Ankara",
    "The opposite of {} is": "hot cold, big small, fast slow, high low, light dark, early late, rich poor, full empty,"
    " strong weak, happy sad, hard soft, open closed, dry wet, young old, near far",
    "The color of {} is": "snow white, grass green, blood red, coal black, lemons yellow, chocolate brown",
    "The baby of a {} is called a": "cat kitten, dog puppy, cow calf, sheep lamb, horse foal, hen chick, bear cub",
    "The plural of {} is": "mouse mice, foot feet, child children, man men, tooth teeth, goose geese, leaf leaves",
    "In arithmetic, {} is": "2+2 four, 3+4 seven, 5+1 six, 6+3 nine, 1+1 two, 4+4 eight, 8+2 ten, 2+1 three",
    "The past tense of {} is": "go went, see saw, eat ate, run ran, take took, give gave, write wrote, sing sang,"
    " buy bought, think thought",
    "A {} is a kind of": "rose flower, oak tree, trout fish, hammer tool, violin instrument, shirt garment,"
    " sparrow bird, ant insect, apple fruit, carrot vegetable, rifle weapon, copper metal",
}


@dataclass(frozen=True)
class TwoChoice:
    """A stem with its right ending and a wrong one, which is right for another stem of the table."""

    stem: str
    right: str
    wrong: str


def capability_choices() -> list[TwoChoice]:
    choices = []
    for template, table in TABLES.items():
        rows = [row.split() for row in table.split(", ")]
        for number, (subject, right) in enumerate(rows):
            wrong = rows[(number + 1) % len(rows)][1]
            choices.append(TwoChoice(template.format(subject), f" {right}", f" {wrong}"))
    return choices


def answer_choices(model: Model, push: Push | None) -> Steps[list[bool]]:
    """Whether the right ending is the likelier one, for every question."""
    rows = [row for choice in capability_choices() for row in _choice_rows(model, choice)]
    logprobs = [0.0] * len(rows)
    for part in row_chunks(rows, PASS_TOKENS):
        few = [rows[index] for index in part]
        for index, mean in zip(part, (yield gpu_task(partial(mean_logprobs, model, few, push))), strict=True):
            logprobs[index] = mean * len(rows[index].reply)
    return [right > wrong for right, wrong in zip(logprobs[0::2], logprobs[1::2], strict=True)]


def compare_choices(before: Sequence[bool], after: Sequence[bool]) -> dict[str, Any]:
    """Questions that were lost and won, and the two-sided exact sign test of the two counts."""
    lost = sum(one and not other for one, other in zip(before, after, strict=True))
    won = sum(other and not one for one, other in zip(before, after, strict=True))
    return {"lost": lost, "won": won, "of": len(before), "right": sum(before), "p": sign_test(lost, won)}


def sign_test(lost: int, won: int) -> float:
    """P of a split at least as uneven, if losing and winning were equally likely."""
    n, k = lost + won, min(lost, won)
    return min(1.0, 2 * math.fsum(math.comb(n, i) for i in range(k + 1)) / 2**n) if n else 1.0


def _choice_rows(model: Model, choice: TwoChoice) -> list[ScoredRow]:
    stem = text_ids(model, choice.stem)
    rows = []
    for ending in (choice.right, choice.wrong):
        whole = text_ids(model, choice.stem + ending)
        # The tokenizer may join the ending to the stem's last word: then this word is scored with it.
        start = min(len(stem), len(whole) - 1)
        while whole[:start] != stem[:start]:
            start -= 1
        rows.append(ScoredRow(tuple(whole[:start]), tuple(whole[start:])))
    return rows
