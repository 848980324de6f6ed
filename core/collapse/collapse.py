"""Has a text collapsed? Three signs, each for the end of a text: the text loops, the model is certain of every token
where the unsteered model is not, or the letters are of a writing system that nobody used.

The lamp of the desk, the dose window of a check and the coherence of experiments all ask here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from core.collapse.loops import LoopDetector
from core.collapse.writing_systems import FOREIGN, LOOK_BACK, familiar_systems, foreign_system

CERTAIN, CERTAIN_NATS = 32, 0.05
"""Entropy below so many nats for so many tokens. SmolLM2 on 100 ordinary texts: ten tokens in a row at most."""

Entropies = Sequence[float | None]


@dataclass(frozen=True)
class Collapse:
    """A sign of collapse at token `at` of an answer. `reason` is loop, certainty or writing system; `period` is that
    of a loop in tokens, `system` the name of the writing system.
    """

    reason: str
    at: int
    period: int | None = None
    system: str = ""

    @property
    def words(self) -> str:
        if self.period == 1:
            return "the text repeats one token"
        return {
            "loop": f"the text loops with a period of {self.period} tokens",
            "certainty": f"no choice is left: entropy below {CERTAIN_NATS:g} nats for {CERTAIN} tokens, "
            "but not without steering",
            "writing system": f"{FOREIGN} tokens in {self.system} letters, which the prompt does not use",
        }[self.reason]

    def to_json(self) -> dict[str, Any]:
        found: dict[str, Any] = {"reason": self.reason, "at": self.at, "words": self.words}
        if self.period is not None:
            found["period"] = self.period
        return found | ({"system": self.system} if self.system else {})


@dataclass(frozen=True)
class AnswerEvidence:
    """What is known of an answer, one value per token. `given` are the prompt, the system text and all else that the
    model did not write, None if unknown; `entropies` are the steered model's, `unsteered` those of the unsteered model
    at the same tokens. What was not measured shows nothing.
    """

    ids: Sequence[int]
    texts: Sequence[str] = ()
    given: Iterable[str] | None = None
    entropies: Entropies = ()
    unsteered: Entropies = ()


def is_certain(entropies: Entropies, unsteered: Entropies) -> bool:
    """Whether the steered model was certain of each of the last measured tokens, and the unsteered model at most of
    every second one.

    The unsteered model is certain of a tenth of the tokens of ordinary text, within words for example, so it cannot
    be asked to be uncertain of all.
    """
    both = list(zip(entropies, unsteered, strict=False))
    # On the desk the newest tokens are measured later.
    while both and both[-1] == (None, None):
        both.pop()
    last = both[-CERTAIN:]
    if len(last) < CERTAIN or not all(_is_low(steered) for steered, _ in last):
        return False
    return sum(plain is not None and not _is_low(plain) for _, plain in last) >= CERTAIN // 2


def has_certain_run(entropies: Entropies) -> bool:
    """Whether a model was certain of as many tokens in a row, anywhere in an answer."""
    run = 0
    for entropy in entropies:
        run = run + 1 if _is_low(entropy) else 0
        if run == CERTAIN:
            return True
    return False


def _is_low(entropy: float | None) -> bool:
    return entropy is not None and entropy < CERTAIN_NATS


def find_collapse(answer: AnswerEvidence) -> Collapse | None:
    """The first sign of collapse anywhere in an answer, or None."""
    loops = LoopDetector()
    familiar = None if answer.given is None else familiar_systems(answer.given)
    for at, token in enumerate(answer.ids):
        found = signs_at(answer, at, loops.add_token(token), familiar)
        if found:
            return found[0]
    return None


def signs_at(
    answer: AnswerEvidence, at: int, period: int | None, familiar: frozenset[str] | None
) -> tuple[Collapse, ...]:
    """The signs of an answer that ends with token `at`; `period` is that of its loop, if there is one."""
    span = slice(max(0, at + 1 - LOOK_BACK), at + 1)
    found = [] if period is None else [Collapse("loop", at, period=period)]
    if is_certain(answer.entropies[span], answer.unsteered[span]):
        found.append(Collapse("certainty", at))
    if familiar is not None and (system := foreign_system(answer.texts[span], familiar)):
        found.append(Collapse("writing system", at, system=system))
    return tuple(found)


def answer_flags(
    ids: Sequence[int],
    *,
    texts: Sequence[str] = (),
    given: Iterable[str] | None = None,
    entropies: Entropies = (),
    unsteered: Entropies = (),
) -> dict[str, Any]:
    """The flags of an answer as JSON: `collapsed` with its reason and its token, or nothing."""
    found = find_collapse(AnswerEvidence(ids, texts, given, entropies, unsteered))
    return {"collapsed": found.to_json()} if found else {}
