"""A set whose answers a model gives itself: its system prompts and questions, with the replies they bring about.

What comes out is a contrast file with stored replies, to be looked at, corrected and extracted from again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import BadInput, UsageError
from core.jobs.job import Artifact, Job, JobSample, Progress, gpu_task
from vectors.contrasts.store import save_pairs
from vectors.contrasts.writing.forms import SHORT
from vectors.files.opening import open_vector_file
from vectors.texts.pair import ContrastPair, ContrastSet, Text
from vectors.texts.replies import reply_ids
from vectors.texts.tokenized import tokenize_text

if TYPE_CHECKING:
    from core.model.model import Model

SHORT_ANSWERS = {"honesty", "answers"}
"""The set and the shape whose answers are short, if nothing else is said."""


def answer_pairs(
    model: Model, contrast: ContrastSet, out: Path, longest: int, max_words: int | None = None
) -> Job:
    """Both sides of every pair answered greedily; pairs of no use are left out and counted by their reason.

    Each reply is a step with a key: a run that was stopped asks only for what is missing.
    """
    if max_words is None and {contrast.name, contrast.shape} & SHORT_ANSWERS:
        max_words = SHORT
    kept: list[ContrastPair] = []
    left_out: Counter[str] = Counter()
    pairs = contrast.validated().pairs
    for number, pair in enumerate(pairs):
        sides = []
        for pole, text in zip(contrast.poles, (pair.positive, pair.negative), strict=True):
            asked = _question_messages(text, number)
            words = yield gpu_task(partial(_generate_reply, model, asked, longest), key=f"{number} {pole}")
            yield JobSample(pole, str(asked[-1]["content"]), words)
            sides.append((asked, words))
        yield Progress(number + 1, len(pairs), "pairs answered")
        (one, first), (other, second) = sides
        if (why := rejection_reason(first, second, max_words)) is None:
            kept.append(ContrastPair(_with_reply(one, first), _with_reply(other, second), pair.domain))
        else:
            left_out[why] += 1
    if not kept:
        raise BadInput(f"{contrast.name}: no pair got two different answers from {model.name}")
    save_pairs(kept, out)
    yield Artifact(str(out), open_vector_file(out).sha256, "contrast set")
    return {
        "name": contrast.name,
        "out": str(out),
        "pairs": len(kept),
        "left_out": dict(left_out),
        "missing": 0,
    }


def rejection_reason(first: str, second: str, max_words: int | None) -> str | None:
    """Why two answers make no pair."""
    if not first or not second:
        return "empty"
    if first == second:
        return "same"
    too_long = max_words is not None and max(len(text.split()) for text in (first, second)) > max_words
    return "length" if too_long else None


def _question_messages(text: Text, number: int) -> list[Mapping[str, Any]]:
    """The messages up to the question; an answer that is already there gives way to the model's own."""
    if isinstance(text, str) or not text or not isinstance(text[0], Mapping):
        raise UsageError(f"pair {number + 1} is no conversation: only those can be answered by the model")
    messages = list(text)
    return messages[:-1] if messages[-1]["role"] == "assistant" else messages


def _generate_reply(model: Model, asked: list[Mapping[str, Any]], longest: int) -> str:
    ids = reply_ids(model, tokenize_text(model, asked).ids, longest)
    return str(model.tokenizer.decode(ids, skip_special_tokens=True)).strip()


def _with_reply(asked: list[Mapping[str, Any]], words: str) -> list[Mapping[str, Any]]:
    return [*asked, {"role": "assistant", "content": words}]
