"""Puts the questions of a set under two system prompts, for a model to answer; near-duplicates are
dropped.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from core.errors import BadInput
from vectors.contrasts.duplicates import NearDuplicateFilter
from vectors.texts.pair import ContrastPair, ContrastSet, Text


def add_system_prompts(contrast: ContrastSet, positive: str, negative: str) -> tuple[ContrastSet, int]:
    """(the set of pairs to be answered, the number of near-duplicate questions left out)."""
    texts = [(prompt, "") for prompt in contrast.prompts]
    texts += [(pair.positive, pair.domain) for pair in contrast.pairs]
    new_questions, pairs = NearDuplicateFilter(), []
    for text, domain in texts:
        question = _last_user_text(text)
        # One question asked twice would count twice in the vector.
        if new_questions.add_if_new(question):
            sides = [_prompt_messages(system, question) for system in (positive, negative)]
            pairs.append(ContrastPair(sides[0], sides[1], domain))
    if not pairs:
        raise BadInput(f"{contrast.name}: no questions in it")
    return replace(contrast, pairs=tuple(pairs), prompts=()), len(texts) - len(pairs)


def _last_user_text(text: Text) -> str:
    """The last user message; a plain text is itself the question."""
    if isinstance(text, str):
        return text
    messages = [message for message in text if isinstance(message, Mapping)]
    return next((str(message["content"]) for message in reversed(messages) if message["role"] == "user"), "")


def _prompt_messages(system: str, question: str) -> list[dict[str, str]]:
    return [{"role": "system", "content": system}, {"role": "user", "content": question}]
