"""Claude as judge between two answers to one prompt, asked in both orders.

A winner has to win from either place; what wins only where it stands first (or second) is a tie, and counted as a sign
of the judge's bias. Ties stay in the table and out of the binomial test.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from core.jobs.job import Progress, side
from sessions.experiments.common.sampler import Prompt
from sessions.experiments.common.statistics import binomial_p, share
from sessions.experiments.judges.claude import (
    AT_A_TIME,
    LONGEST_PROMPT,
    SYSTEM,
    dearest,
    gap,
    longest_answer,
    shown,
)
from sessions.experiments.judges.verdict import Verdict, Work

if TYPE_CHECKING:
    from vectors.claude.asking import Claude
    from vectors.claude.pricing import Cost
    from vectors.claude.question import Question

SIDES = ("first", "second", "tie")
POINTS = {"first": 1, "tie": 0, "second": -1}
TURNED = "the judge changed its mind with the order"


@dataclass(frozen=True)
class Duel:
    """Two answers to one prompt; the verdict is 1 where `ours` is better, −1 where `theirs` is, 0 for a tie."""

    prompt: Prompt
    ours: str
    theirs: str


@dataclass(frozen=True)
class PairwiseJudge:
    """`criterion` finishes the sentence "Which answer …"."""

    claude: Claude
    criterion: str
    model: str

    def judge(self, duels: Sequence[Duel]) -> Work:
        verdicts: list[Verdict] = []
        for start in range(0, len(duels), AT_A_TIME):
            questions = [
                question for duel in duels[start : start + AT_A_TIME] for question in self.both(duel)
            ]
            key = f"pairwise {' '.join(question.key()[:16] for question in questions)}"
            verdicts += [Verdict(*row) for row in (yield side(partial(self._ask, questions), key))]
            yield Progress(len(verdicts), len(duels), "pairs judged")
        return verdicts

    def both(self, duel: Duel) -> tuple[Question, Question]:
        return self.question(duel.prompt, duel.ours, duel.theirs), self.question(
            duel.prompt, duel.theirs, duel.ours
        )

    def question(self, prompt: Prompt, first: str, second: str) -> Question:
        from vectors.claude.question import Question, fenced
        from vectors.claude.schema import fields

        schema = fields(reason={"type": "string"}, better={"type": "string", "enum": list(SIDES)})
        text = "\n\n".join(
            [
                fenced("prompt", shown(prompt)),
                fenced("first", first),
                fenced("second", second),
                f"Which answer {self.criterion}: first, second, or is it a tie? Give a reason of one sentence.",
            ]
        )
        return Question(text, schema, self.model, SYSTEM)

    def cost(self, count: int, max_new: int) -> Cost:
        """The bound for so many pairs of answers of so many tokens, in both orders."""
        answer = longest_answer(max_new)
        return dearest(self.both(Duel(LONGEST_PROMPT, answer, answer)), count)

    def _ask(self, questions: Sequence[Question]) -> list[list[Any]]:
        replies = self.claude.ask_each(questions)
        return [settled(*pair).to_json() for pair in zip(replies[::2], replies[1::2], strict=True)]


def settled(forward: Any, backward: Any) -> Verdict:
    """One verdict from the replies in both orders; a reply that is missing in either leaves a gap."""
    for reply in (forward, backward):
        if not isinstance(reply, Mapping):
            return gap(reply)
    one, other = POINTS[forward["better"]], -POINTS[backward["better"]]
    if one == other:
        return Verdict(float(one), forward["reason"])
    return Verdict(0.0, TURNED if one == -other else "a win from one place, a tie from the other")


def score(verdicts: Sequence[Verdict]) -> Mapping[str, Any]:
    """Wins, losses and ties; the share of wins among decided pairs with its interval, and the exact test of ½."""
    known = [verdict.value for verdict in verdicts if verdict.value is not None]
    wins, losses = known.count(1.0), known.count(-1.0)
    counts = {"wins": wins, "losses": losses, "ties": known.count(0.0), "missing": len(verdicts) - len(known)}
    turned = sum(verdict.why == TURNED for verdict in verdicts)
    decided = share(wins, wins + losses)
    return {**counts, "turned": turned, "win_rate": decided.to_json(), "p": binomial_p(wins, wins + losses)}
