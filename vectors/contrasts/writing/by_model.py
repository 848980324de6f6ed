"""A contrast set whose answers the loaded model generates from the set's system prompts and questions.

The result is a contrast file with stored replies, which can be inspected, corrected and used for
extraction.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import BadInput, UsageError
from core.generation.token_ids import tokenizer_of
from core.jobs.job import Artifact, Job, JobSample, Progress, gpu_task
from vectors.contrasts.header import SetHeader
from vectors.contrasts.store import save_pairs
from vectors.contrasts.writing.forms import SHORT
from vectors.files.opening import open_vector_file
from vectors.texts.pair import ContrastPair, ContrastSet, Text, messages_of
from vectors.texts.position_spec import RESPONSE
from vectors.texts.replies import reply_ids
from vectors.texts.tokenized import tokenize_text

if TYPE_CHECKING:
    from core.generation.chat import Message
    from core.model.model import Model

SHORT_ANSWERS = {"honesty", "answers"}
"""The set and the format whose answers are short by default."""


def answer_pairs(
    model: Model, contrast: ContrastSet, out: Path, longest: int, max_words: int | None = None
) -> Job:
    """Answer both sides of every pair greedily; unusable pairs are left out and counted by reason.

    Each reply is a job step with a key, so an interrupted run generates only the missing replies.
    """
    if max_words is None and {contrast.name, contrast.shape} & SHORT_ANSWERS:
        max_words = SHORT
    accepted: list[ContrastPair] = []
    left_out: Counter[str] = Counter()
    pairs = contrast.validated().pairs
    for number, pair in enumerate(pairs):
        sides = []
        for pole, text in zip(contrast.poles, (pair.positive, pair.negative), strict=True):
            messages = _question_messages(text, number)
            reply = yield gpu_task(partial(_generate_reply, model, messages, longest), key=f"{number} {pole}")
            yield JobSample(pole, str(messages[-1]["content"]), reply)
            sides.append((messages, reply))
        yield Progress(number + 1, len(pairs), "pairs answered")
        # Judged when both sides are there: a pair is used or dropped as a whole.
        (one, first), (other, second) = sides
        if (why := rejection_reason(first, second, max_words)) is None:
            accepted.append(ContrastPair(_with_reply(one, first), _with_reply(other, second), pair.domain))
        else:
            left_out[why] += 1
    if not accepted:
        raise BadInput(f"{contrast.name}: {model.name} gave no pair two different answers")
    save_pairs(accepted, out, SetHeader(RESPONSE, contrast.poles, contrast.about or None))
    yield Artifact(str(out), open_vector_file(out).sha256, "contrast set")
    return {
        "name": contrast.name,
        "out": str(out),
        "pairs": len(accepted),
        "left_out": dict(left_out),
        "missing": 0,
    }


def rejection_reason(first: str, second: str, max_words: int | None) -> str | None:
    """Why two answers are unusable as a pair, or None."""
    if not first or not second:
        return "empty"
    if first == second:
        return "same"
    too_long = max_words is not None and max(len(text.split()) for text in (first, second)) > max_words
    return "length" if too_long else None


def _question_messages(text: Text, number: int) -> list[Message]:
    """The messages up to the question; an existing answer is dropped."""
    if isinstance(text, str) or not text or not isinstance(text[0], Mapping):
        raise UsageError(f"pair {number + 1} is not a conversation: the model can answer only conversations")
    messages = messages_of(text)
    return messages[:-1] if messages[-1]["role"] == "assistant" else messages


def _generate_reply(model: Model, messages: list[Message], longest: int) -> str:
    ids = reply_ids(model, tokenize_text(model, messages).ids, longest)
    return tokenizer_of(model).decode(ids, skip_special_tokens=True).strip()


def _with_reply(messages: list[Message], reply: str) -> list[Message]:
    return [*messages, {"role": "assistant", "content": reply}]
