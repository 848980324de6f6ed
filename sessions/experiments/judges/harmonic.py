"""The harmonic mean of three scores of one answer: concept, instruction following, fluency.

3 / (1/c + 1/i + 1/f), and 0 if any of them is 0 (AxBench, Wu et al. 2025, arXiv 2501.17148): a text
that is all concept and no answer is worth nothing, which a mean would call half good. Each question is
asked separately, so that none influences another.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.jobs.job import Steps
from sessions.experiments.judges.rubric import Rubric
from sessions.experiments.judges.verdict import Judge, JudgedItem, Judgement

TOP = 2


@dataclass(frozen=True)
class HarmonicJudge:
    """`parts` are its judges by aspect."""

    name: str
    parts: Mapping[str, Judge]

    low, high = 0.0, float(TOP)

    @property
    def about(self) -> str:
        return "harmonic mean of three: " + " ".join(part.about for part in self.parts.values())

    def judge(self, items: Sequence[JudgedItem]) -> Steps[list[Judgement]]:
        table: dict[str, Sequence[Judgement]] = {}
        for name, part in self.parts.items():
            table[name] = yield from part.judge(items)
        return [
            combine_judgements(dict(zip(table, row, strict=True)))
            for row in zip(*table.values(), strict=True)
        ]


def combine_judgements(parts: Mapping[str, Judgement]) -> Judgement:
    """Combine the parts of one answer; if any part is missing, the score is missing and the known parts
    are kept.
    """
    scores = {name: judgement.value for name, judgement in parts.items() if judgement.value is not None}
    for name, judgement in parts.items():
        if judgement.value is None:
            return Judgement(None, f"{name}: {judgement.why}", scores)
    why = " · ".join(f"{name} {score:g}" for name, score in scores.items())
    return Judgement(harmonic_mean(list(scores.values())), why, scores)


def harmonic_mean(scores: Sequence[float]) -> float:
    return len(scores) / sum(1 / score for score in scores) if min(scores) > 0 else 0.0


def concept_rubrics(concept: str) -> Mapping[str, Rubric]:
    """The three questions, each from 0 to 2."""
    scale = {"high": TOP}
    return {
        "concept": Rubric(
            "concept",
            f"How much of this is in the answer: {concept}?",
            "nothing of it",
            "clearly there",
            **scale,
        ),
        "instruction": Rubric(
            "instruction",
            "How far does the answer do what its prompt asks?",
            "not at all, or it is about something else",
            "fully",
            **scale,
        ),
        "fluency": Rubric(
            "fluency", "How fluent is the answer, whatever it says?", "broken or unnatural", "fluent", **scale
        ),
    }
