"""Has Claude write a contrast set in rounds, until every domain has its quota or nothing new is returned.

Each round is a job step with a key and every reply is cached: a run that stopped, or ran out of budget or
time, sends no question twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

from core.errors import NetworkError
from core.jobs.job import Artifact, Job, JobSample, Progress, Row, Steps, worker_task
from core.json_values import JsonValue
from vectors.claude.question import ClaudeQuestion
from vectors.contrasts.duplicates import NearDuplicateFilter
from vectors.contrasts.header import SetHeader
from vectors.contrasts.store import save_pairs
from vectors.contrasts.writing.brief import Brief
from vectors.contrasts.writing.forms import Row as Parts
from vectors.contrasts.writing.questions import AT_A_TIME, build_question, cost_bound
from vectors.files.opening import open_vector_file
from vectors.texts.pair import ContrastPair, last_message_text

if TYPE_CHECKING:
    from vectors.claude.asking import ClaudeClient

ROUNDS_PER_NEED = 3
"""Maximum number of rounds, as a multiple of those needed if every pair is accepted."""


@dataclass
class Draft:
    """The pairs accepted so far, and the reasons for which others were rejected."""

    brief: Brief
    pairs: dict[str, list[ContrastPair]] = field(default_factory=dict)
    openings: dict[str, list[str]] = field(default_factory=dict)
    left_out: Counter[str] = field(default_factory=Counter)
    _unlike: NearDuplicateFilter = field(default_factory=NearDuplicateFilter)

    @property
    def count(self) -> int:
        return sum(map(len, self.pairs.values()))

    @property
    def missing(self) -> dict[str, int]:
        left = {d: quota - len(self.pairs.get(d, ())) for d, quota in self.brief.quotas.items()}
        return {domain: number for domain, number in left.items() if number}

    @property
    def interleaved_pairs(self) -> list[ContrastPair]:
        """The pairs with the domains interleaved, so that any part of the file is balanced too."""
        longest = max(map(len, self.pairs.values()), default=0)
        rows = [self.pairs[domain][n : n + 1] for n in range(longest) for domain in self.pairs]
        return [pair for row in rows for pair in row]

    def add_row(self, domain: str, row: Parts) -> ContrastPair | None:
        why = self.brief.form.rejection_reason(row)
        if why is None and len(self.pairs.get(domain, ())) >= self.brief.quotas[domain]:
            why = "more than asked"
        # Last, because the filter remembers the text: a pair rejected for another reason must not block it.
        if why is None and not self._unlike.add_if_new(" ".join(row[part] for part in self.brief.form.parts)):
            why = "duplicate"
        if why is not None:
            self.left_out[why] += 1
            return None
        pair = self.brief.form.pair(row, domain)
        self.pairs.setdefault(domain, []).append(pair)
        self.openings.setdefault(domain, []).append(row[self.brief.form.shared])
        return pair


def write_pairs(claude: ClaudeClient, brief: Brief, out: Path, model: str) -> Job:
    """Have Claude write the pairs of a brief to `out`; yields each accepted pair, returns counts and cost."""
    yield Row("cost", "at most", asdict(cost_bound(brief, model)))
    draft, rounds = Draft(brief), ROUNDS_PER_NEED * -(-max(brief.quotas.values()) // AT_A_TIME)
    for turn in range(1, rounds + 1):
        if not (missing := draft.missing):
            break
        questions = {d: _next_question(draft, d, number, turn, model) for d, number in missing.items()}
        # With the hashes of the questions: a resumed job does not use the replies of other questions.
        key = f"{turn} {' '.join(one.key()[:16] for one in questions.values())}"
        replies = yield worker_task(partial(_ask_claude, claude, list(questions.values())), key)
        for domain, reply in zip(questions, replies, strict=True):
            yield from _add_reply(draft, domain, reply)
            yield Progress(draft.count, brief.pairs, "pairs written")
    if not draft.count:
        raise NetworkError(f"Claude gave no usable pair for {brief.name}: {_rejections_text(draft.left_out)}")
    save_pairs(draft.interleaved_pairs, out, SetHeader(brief.form.read, brief.poles, brief.about or None))
    yield Artifact(str(out), open_vector_file(out).sha256, "contrast set")
    return _summary(draft, out, claude)


def _next_question(draft: Draft, domain: str, missing: int, turn: int, model: str) -> ClaudeQuestion:
    known_openings = draft.openings.get(domain, ())
    return build_question(draft.brief, domain, min(AT_A_TIME, missing), known_openings, turn, model)


def _ask_claude(claude: ClaudeClient, questions: Sequence[ClaudeQuestion]) -> list[list[Parts] | str]:
    """The rows of every reply, or the reason why a reply is unusable."""
    replies = claude.ask_each(questions)
    return [
        cast("list[Parts]", reply["pairs"]) if isinstance(reply, Mapping) else str(reply) for reply in replies
    ]


def _add_reply(draft: Draft, domain: str, reply: list[Parts] | str) -> Steps[None]:
    if isinstance(reply, str):
        draft.left_out["unusable reply"] += 1
        return
    for row in reply:
        if (pair := draft.add_row(domain, row)) is not None:
            shared = row[draft.brief.form.shared]
            for pole, text in zip(draft.brief.poles, (pair.positive, pair.negative), strict=True):
                yield JobSample(pole, shared, last_message_text(text))


def _summary(draft: Draft, out: Path, claude: ClaudeClient) -> dict[str, JsonValue]:
    return {
        "name": draft.brief.name,
        "out": str(out),
        "pairs": draft.count,
        "domains": {domain: len(pairs) for domain, pairs in draft.pairs.items()},
        "missing": sum(draft.missing.values()),
        "left_out": dict(draft.left_out),
        "cost": asdict(claude.used),
    }


def _rejections_text(left_out: Mapping[str, int]) -> str:
    return ", ".join(f"{number} {why}" for why, number in left_out.items()) or "it wrote none"
