"""Measures of an answer: one number, or None if the measure does not apply.

None never counts as 0: an answer without a finished sentence is not an answer with 0 questions.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from core.demo.demo_world import world_of
from core.demo.world.labels import Label, label_text
from core.demo.world.traits import DETERMINED
from core.demo.world.voices import PLAIN
from core.errors import UsageError
from sessions.experiments.common.counting import count_words, distinct_ngrams, split_words
from sessions.experiments.common.statistics import Estimate, estimate_mean
from sessions.experiments.judges.lexical import text_flags
from sessions.experiments.scoring.answers import SampledAnswer
from vectors.statistics.metrics import repeated_ngram_share

Value = float | None


@dataclass(frozen=True)
class Measure:
    """`share`: its values lie between 0 and 1, where 0 means no and 1 yes."""

    name: str
    about: str
    of: Callable[[SampledAnswer], Value]
    share: bool = False

    def all(self, answers: Sequence[SampledAnswer]) -> list[Value]:
        return [self.of(answer) for answer in answers]

    def estimate(self, answers: Sequence[SampledAnswer], seed: int = 0) -> Estimate:
        return estimate_mean(self.all(answers), seed, shares=self.share)


def mean_value(values: Sequence[float]) -> Value:
    # fsum is exact, so that the order of the values does not change the result.
    return math.fsum(values) / len(values) if values else None


def count_questions(answer: SampledAnswer) -> Value:
    """Number of question marks: a surface count, to be read with the share of broken texts."""
    return float(answer.text.count("?")) if answer.text.strip() else None


def words_per_hundred(words: Sequence[str], answer: SampledAnswer) -> Value:
    count = len(split_words(answer.text))
    return 100 * count_words(words, answer.text) / count if count else None


def mean_projection(answer: SampledAnswer) -> Value:
    """Mean projection of the answer's tokens on the vector, read unsteered."""
    layers = [mean_value(row) for row in answer.reading.projections.values()]
    return mean_value([value for value in layers if value is not None])


def is_flagged(answer: SampledAnswer) -> Value:
    """1 if a text has any flag, else 0; to be read with counts, which change when a text breaks."""
    return float(bool(text_flags(answer.text))) if answer.text.strip() else None


def keyword_share(answer: SampledAnswer) -> Value:
    """Share of the expected words that occur (`keywords` in the prompt's line of its pack file)."""
    keywords = answer.prompt.about.get("keywords") or ()
    return mean_value([float(count_words([word], answer.text) > 0) for word in keywords])


def _label_share(
    holds: Callable[[Label], bool], among: Callable[[Label], bool], answer: SampledAnswer
) -> Value:
    """Share of finished sentences, by the exact labels of the demo models' world."""
    return mean_value([float(holds(label)) for label in label_text(answer.text) if among(label)])


def _any_label(label: Label) -> bool:
    return True


MEASURES: Mapping[str, Measure] = {
    measure.name: measure
    for measure in (
        Measure(
            "determined",
            "demo world: share of determined among sentences that show a motivation",
            partial(_label_share, lambda s: s.motivation == DETERMINED, lambda s: s.motivation is not None),
            share=True,
        ),
        Measure(
            "well-formed",
            "demo world: share of sentences its grammar knows",
            partial(_label_share, lambda s: s.well_formed, _any_label),
            share=True,
        ),
        Measure(
            "persona",
            "demo world: share of sentences in another voice than the assistant's",
            partial(_label_share, lambda s: s.voice != PLAIN, _any_label),
            share=True,
        ),
        Measure("echo", "projection of the answer on the vector, read unsteered", mean_projection),
        Measure("questions", "question marks per answer", count_questions),
        Measure("completion", "share of the prompt's own keywords that occur", keyword_share, share=True),
        Measure("length", "words per answer", lambda a: float(len(split_words(a.text)))),
        Measure(
            "distinct-1", "different words over all words", lambda a: distinct_ngrams(split_words(a.text), 1)
        ),
        Measure(
            "distinct-2", "different word pairs over all", lambda a: distinct_ngrams(split_words(a.text), 2)
        ),
        Measure(
            "distinct-3", "different word triples over all", lambda a: distinct_ngrams(split_words(a.text), 3)
        ),
        Measure("repetition", "share of repeated 4-grams", lambda a: repeated_ngram_share(a.generated.ids)),
        Measure(
            "flagged",
            "share of texts with a flag: empty, repeats, monotone, loops or symbols",
            is_flagged,
            share=True,
        ),
        Measure("nll", "−log p per token under the unsteered model", lambda a: mean_value(a.reading.nll)),
        Measure(
            "entropy",
            "entropy of the sampled next-token distribution, in nats",
            lambda a: mean_value(a.reading.entropy),
        ),
        Measure("kl", "KL(steered ‖ unsteered) per token", lambda a: mean_value(a.reading.kl)),
    )
}
WORDS = "words:"
HELPFUL = ("completion", "questions", "length")


def helpful_measures(model: str) -> list[Measure]:
    """Measures of usefulness, reported next to the chosen measure."""
    return [MEASURES[name] for name in (*HELPFUL, *(["well-formed"] if world_of(model) else []))]


def measure(name: str | None, model: str) -> Measure:
    """A measure by name; `words:plan,step by step` counts those per hundred words. Without a name, the
    default of the model.
    """
    if not name:
        name = "determined" if world_of(model) else "echo"
    if name.startswith(WORDS):
        words = tuple(word.strip() for word in name.removeprefix(WORDS).split(",") if word.strip())
        if not words:
            raise UsageError("words: needs the words to count, for example words:plan,step by step")
        return Measure(name, "of these per hundred words", partial(words_per_hundred, words))
    if name not in MEASURES:
        raise UsageError(f"no measure {name!r}: one of {', '.join(MEASURES)}, or words:A,B,…")
    return MEASURES[name]
