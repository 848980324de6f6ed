"""The loaded model as judge by likelihood: which of two system prompts makes the answer likelier?

log p(answer | "You are determined.") − log p(answer | "You are drifting."), per token, unsteered. The
model need not follow instructions, only respond to a system prompt; the demo models do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from core.demo.world.hints import HINTS
from core.demo.world.traits import DETERMINED, DRIFTING
from core.jobs.job import Progress, Steps, task_group
from sessions.experiments.common.sampler import ModelSampler, SamplePrompt
from sessions.experiments.judges.verdict import JudgedItem, Judgement, cache_digest

DEMO_HINTS = (HINTS[DETERMINED][0], HINTS[DRIFTING][0])


@dataclass(frozen=True)
class HintJudge:
    """`hints` are the system prompts of the trait and of its opposite."""

    voice: ModelSampler
    hints: tuple[str, str] = DEMO_HINTS

    low = high = None

    @property
    def name(self) -> str:
        return "hints"

    @property
    def about(self) -> str:
        return f"nats per token that {self.hints[0]!r} makes the answer likelier than {self.hints[1]!r} does"

    def judge(self, items: Sequence[JudgedItem]) -> Steps[list[Judgement]]:
        verdicts = []
        for item in items:
            verdicts.append((yield from self._judge_item(item)))
            yield Progress(len(verdicts), len(items), "answers scored")
        return verdicts

    def _judge_item(self, item: JudgedItem) -> Steps[Judgement]:
        if not item.text.strip():
            return Judgement(None, "empty answer")
        if item.prompt.raw:
            return Judgement(None, "a raw prompt has no system prompt")
        means = []
        for hint in self.hints:
            prompt = with_hint(item.prompt, hint)
            key = f"hints {cache_digest(self.voice.identity, hint, str(prompt.messages), item.text)}"
            (row,) = yield from task_group(key, partial(self.voice.text_logprobs, prompt, [item.text]))
            # Per token, so that long answers do not weigh more.
            means.append(sum(row) / len(row))
        return Judgement(means[0] - means[1])


def with_hint(prompt: SamplePrompt, hint: str) -> SamplePrompt:
    """The prompt with this system prompt in place of its own."""
    rest: tuple[Mapping[str, str], ...] = tuple(m for m in prompt.messages if m["role"] != "system")
    return SamplePrompt(prompt.id, ({"role": "system", "content": hint}, *rest))
