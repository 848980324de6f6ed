"""Claude as judge between two answers to one prompt, asked in both orders.

A win must hold in both orders; otherwise it is a tie and counted as a sign of the judge's position
bias. Ties stay in the table and out of the binomial test.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from core.jobs.job import Progress, Steps, worker_task
from sessions.experiments.common.sampler import SamplePrompt
from sessions.experiments.common.statistics import binomial_p, estimate_share
from sessions.experiments.judges.claude import (
    AT_A_TIME,
    LONGEST_PROMPT,
    SYSTEM,
    cost_bound,
    format_prompt,
    longest_answer,
    missing_judgement,
)
from sessions.experiments.judges.verdict import Judgement

if TYPE_CHECKING:
    from vectors.claude.asking import ClaudeClient
    from vectors.claude.pricing import ClaudeCost
    from vectors.claude.question import ClaudeQuestion

SIDES = ("first", "second", "tie")
POINTS = {"first": 1, "tie": 0, "second": -1}
TURNED = "the judge changed its mind with the order"


@dataclass(frozen=True)
class AnswerPair:
    """Two answers to one prompt; the verdict is 1 if `ours` is better, −1 if `theirs` is, 0 for a tie."""

    prompt: SamplePrompt
    ours: str
    theirs: str


@dataclass(frozen=True)
class PairwiseJudge:
    """`criterion` completes the question "Which answer …"."""

    claude: ClaudeClient
    criterion: str
    model: str

    def judge(self, duels: Sequence[AnswerPair]) -> Steps[list[Judgement]]:
        verdicts: list[Judgement] = []
        for start in range(0, len(duels), AT_A_TIME):
            questions = [
                # Both orders of a pair stand next to each other, as `_ask_pairs` expects them.
                question
                for duel in duels[start : start + AT_A_TIME]
                for question in self.both_orders(duel)
            ]
            key = f"pairwise {' '.join(question.key()[:16] for question in questions)}"
            verdicts += [
                Judgement(*row) for row in (yield worker_task(partial(self._ask_pairs, questions), key))
            ]
            yield Progress(len(verdicts), len(duels), "pairs judged")
        return verdicts

    def both_orders(self, duel: AnswerPair) -> tuple[ClaudeQuestion, ClaudeQuestion]:
        return self.question(duel.prompt, duel.ours, duel.theirs), self.question(
            duel.prompt, duel.theirs, duel.ours
        )

    def question(self, prompt: SamplePrompt, first: str, second: str) -> ClaudeQuestion:
        from vectors.claude.question import ClaudeQuestion, fence_text
        from vectors.claude.schema import object_schema

        schema = object_schema(reason={"type": "string"}, better={"type": "string", "enum": list(SIDES)})
        text = "\n\n".join(
            [
                fence_text("prompt", format_prompt(prompt)),
                fence_text("first", first),
                fence_text("second", second),
                f"Which answer {self.criterion}: first, second, or is it a tie? Give a reason of one sentence.",
            ]
        )
        return ClaudeQuestion(text, schema, self.model, SYSTEM)

    def cost(self, count: int, max_new: int) -> ClaudeCost:
        """Upper bound for `count` pairs of answers of `max_new` tokens, in both orders."""
        answer = longest_answer(max_new)
        return cost_bound(self.both_orders(AnswerPair(LONGEST_PROMPT, answer, answer)), count)

    def _ask_pairs(self, questions: Sequence[ClaudeQuestion]) -> list[list[Any]]:
        replies = self.claude.ask_each(questions)
        return [settle_orders(*pair).to_json() for pair in zip(replies[::2], replies[1::2], strict=True)]


def settle_orders(forward: Any, backward: Any) -> Judgement:
    """One verdict from the replies in both orders; missing if either reply is missing."""
    for reply in (forward, backward):
        if not isinstance(reply, Mapping):
            return missing_judgement(reply)
    # The second reply is about swapped answers, so its points change sign.
    one, other = POINTS[forward["better"]], -POINTS[backward["better"]]
    if one == other:
        return Judgement(float(one), forward["reason"])
    return Judgement(0.0, TURNED if one == -other else "a win in one order, a tie in the other")


def tally_pairs(verdicts: Sequence[Judgement]) -> Mapping[str, Any]:
    """Wins, losses and ties; the share of wins among decided pairs with its interval, and the exact test of ½."""
    known = [verdict.value for verdict in verdicts if verdict.value is not None]
    wins, losses = known.count(1.0), known.count(-1.0)
    counts = {"wins": wins, "losses": losses, "ties": known.count(0.0), "missing": len(verdicts) - len(known)}
    turned = sum(verdict.why == TURNED for verdict in verdicts)
    decided = estimate_share(wins, wins + losses)
    return {**counts, "turned": turned, "win_rate": decided.to_json(), "p": binomial_p(wins, wins + losses)}
