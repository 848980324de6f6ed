"""Reports the answers of a job as they end: the event that is recorded, a sample, the count.

Where a prompt is also answered without steering, at dose 0, that answer is the unsteered lane beside its others: one
that is certain of its tokens is reported after it, with the flag if the unsteered one was certain of none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.collapse.collapse import Entropies, has_certain_run
from core.errors import UsageError
from core.jobs.job import JobSample, Progress, Steps
from sessions.answers.asked_answer import AskedAnswer
from sessions.answers.finished_answer import FinishedAnswer, quality_flags
from sessions.journal.codec import round_digits
from sessions.journal.prompt_hash import hash_ids, written_ids


class AnswerReports:
    """`kept` is a finished answer as JSON, `rows` the lanes that it was generated in."""

    def __init__(self, asked: Sequence[AskedAnswer]) -> None:
        self._asked = asked
        self._compared_with = {each.unsteered for each in asked}
        self._unsteered: dict[int, Entropies] = {}
        self._waiting: list[tuple[AskedAnswer, Mapping[str, Any], int]] = []
        self.counts = {"done": 0, "failed": 0}

    def add(self, one: AskedAnswer, kept: Mapping[str, Any], rows: int) -> Steps[None]:
        """Report an answer, or keep it until the unsteered answer that it is compared with has ended."""
        beside = one.unsteered
        if beside is not None and beside not in self._unsteered and has_certain_run(kept["entropies"]):
            self._waiting.append((one, kept, rows))
            return
        yield from self._report(one, kept, rows)
        if one.number in self._compared_with:
            self._unsteered[one.number] = kept["entropies"]
            ready = [each for each in self._waiting if each[0].unsteered == one.number]
            self._waiting = [each for each in self._waiting if each[0].unsteered != one.number]
            for each in ready:
                yield from self._report(*each)

    def _report(self, one: AskedAnswer, kept: Mapping[str, Any], rows: int) -> Steps[None]:
        self.counts["done"] += 1
        self.counts["failed"] += bool(kept["error"])
        flags = {} if kept["error"] else self._flags(one, kept)
        yield FinishedAnswer(_event_fields(one, kept, rows, flags), one.request.mixer)
        yield JobSample(
            f"dose {one.dose:g}", _prompt_text(one), "".join(kept["texts"]) or kept["error"], tuple(flags)
        )
        yield Progress(self.counts["done"], len(self._asked), "answers")

    def _flags(self, one: AskedAnswer, kept: Mapping[str, Any]) -> dict[str, Any]:
        beside = () if one.unsteered is None else self._unsteered.get(one.unsteered, ())
        # It said other words: certain of a text by heart, it may have come there sooner or later.
        measured = kept["entropies"], () if has_certain_run(beside) else beside
        said = kept["token_ids"], kept["texts"], kept["stop_reason"]
        return quality_flags(one.record.prompt, one.settings, *said, *measured)


def _event_fields(
    one: AskedAnswer, kept: Mapping[str, Any], rows: int, flags: Mapping[str, Any]
) -> dict[str, Any]:
    ids = one.request.ids
    return {
        "number": one.number,
        "prompt": one.record.prompt,
        "about": one.record.rest,
        "dose": one.dose,
        "text": "".join(kept["texts"]),
        "token_ids": tuple(kept["token_ids"]),
        "pieces": tuple(kept["texts"]),
        "lp": tuple(kept["logprobs"]),
        "entropy": tuple(round_digits(h) for h in kept["entropies"]),
        "stop": kept["stop_reason"],
        "flags": flags,
        "settings": dict(one.settings),
        "prompt_ids": written_ids(ids),
        "prompt_sha": hash_ids(ids),
        "lanes": rows,
        "spoke_ms": round(1000 * kept["spoke_s"]),
        "message": kept["error"],
        "code": one.refusal.exit_code if one.refusal else (UsageError.exit_code if kept["error"] else 0),
    }


def _prompt_text(one: AskedAnswer) -> str:
    prompt = one.record.prompt
    return prompt if isinstance(prompt, str) else str(prompt[-1]["content"])
