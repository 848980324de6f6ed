"""Generates the model's own replies, to read the mean over their tokens (≤ 50 greedy tokens by default)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

from core.errors import BadInput
from core.generation.batch.answer_runner import AnswerRunner
from core.generation.batch.lane_answer import LaneAnswer, LaneRequest
from core.jobs.job import Progress, Steps, Task, gpu_task, run_steps
from vectors.texts.position_spec import LONGEST
from vectors.texts.thinking import marks_thoughts
from vectors.texts.tokenized import TokenizedText

if TYPE_CHECKING:
    from core.activations.positions import Choice
    from core.model.model import Model


Reply: TypeAlias = tuple[int, list[int]]
"""Where the reply begins behind its thought, and all generated ids."""


def generate_replies(
    model: Model, sides: Sequence[TokenizedText], longest: int = LONGEST
) -> Steps[tuple[list[TokenizedText], list[Choice]]]:
    """(sides with the reply appended, the reply's positions); an empty reply is read at the last token.

    A thought before the reply is appended, too, but not among its positions.
    """
    replies = yield from _generate_in_lanes(model, sides, longest)
    longer, choices = [], []
    for number, side in enumerate(sides):
        begins, reply = replies[number]
        longer.append(TokenizedText((*side.ids, *reply)))
        choice: Choice = (len(side.ids) + begins, len(side.ids) + len(reply)) if reply else -1
        choices.append(choice)
    return longer, choices


def _generate_in_lanes(model: Model, sides: Sequence[TokenizedText], longest: int) -> Steps[dict[int, Reply]]:
    """Every side's greedy reply; each is recorded under a key of its own, so that a repeated job finds it."""
    replies: dict[int, Reply] = {}
    for number in range(len(sides)):
        found = yield Task(lambda: None, "gpu", _key(model, number), is_recorded=False)
        if found is not None:
            replies[number] = _recorded_reply(found)
    missing = {
        number: LaneRequest(tuple(side.ids), max_new_tokens=longest, spoken_only=marks_thoughts(model))
        for number, side in enumerate(sides)
        if number not in replies
    }
    runner = yield gpu_task(partial(AnswerRunner, model, missing))
    while not runner.done:
        for answer in (yield gpu_task(runner.step)):
            reply = yield gpu_task(partial(_reply_of, answer), _key(model, answer.number))
            replies[answer.number] = _recorded_reply(reply)
            yield Progress(len(replies), len(sides), "replies")
    return replies


def reply_ids(model: Model, ids: Sequence[int], longest: int) -> list[int]:
    """One greedily generated reply without the end-of-turn token."""
    begins, reply = run_steps(_generate_in_lanes(model, [TokenizedText(tuple(ids))], longest))[0]
    return reply[begins:]


def _reply_of(answer: LaneAnswer) -> list[Any]:
    """The answer's token ids without the end-of-turn token; with a thought before it, [begin, ids]."""
    if answer.error:
        raise BadInput(f"text {answer.number + 1} has no reply: {answer.error}")
    ids = [*(answer.token_ids[:-1] if answer.stop_reason == "eos" else answer.token_ids)]
    if ids and answer.begins >= len(ids):
        raise BadInput(
            f"text {answer.number + 1} has no reply: after {len(ids)} tokens of thought nothing was said"
        )
    return [answer.begins, ids] if answer.begins else ids


def _recorded_reply(found: Any) -> Reply:
    """(where the reply begins, ids), as kept by a job that was stopped."""
    has_thought = len(found) == 2 and isinstance(found[1], list)
    return (int(found[0]), found[1]) if has_thought else (0, found)


def _key(model: Model, number: int) -> str:
    return f"reply {number} {model.fingerprint[:16]}"
