"""The pairs that judge a vector: two replies after the same neutral context.

A set with replies gives them; its context is the user's message without a side's system prompt. Where a side
has no reply, the model continues each side's own context, and both continuations are scored after the neutral
one. Sides that share no context are scored after both of theirs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from core.generation.chat import as_messages
from core.generation.token_ids import given_ids, prompt_ids, render_open, text_ids
from core.jobs.job import Steps
from vectors.checks.answers.batch_answers import sample_answers
from vectors.checks.gradients.scored_rows import ScoredRow, shared_prefix_length
from vectors.texts.pair import ContrastPair

if TYPE_CHECKING:
    from core.model.model import Model

Ids = tuple[int, ...]
CONTINUED, TEMPERATURE = 24, 0.7
"""Sampled as all texts of a check are: greedy continuations of a small model are a few stock phrases."""
SHARED_PART = 4
"""Plain texts are scored as written where at least a quarter of the shorter one is their common beginning."""


@dataclass(frozen=True)
class JudgedPair:
    """Contexts and two replies; `given` whether the set holds the replies.

    `messages` are those of a neutral context, `system` the positive side's own system prompt, and `own` the
    contexts that the model continued where the set has no replies. `whole`: context and reply are all of a side.
    """

    contexts: tuple[Ids, ...]
    positive: Ids
    negative: Ids
    given: bool = True
    messages: tuple[Mapping[str, Any], ...] = ()
    system: str = ""
    own: tuple[Ids, ...] = ()
    whole: bool = False

    def rows(self) -> list[tuple[ScoredRow, float]]:
        """(row, weight) so that m = Σ weight · mean log p(row's reply | its context)."""
        share = 1 / len(self.contexts)
        return [
            (ScoredRow(context, reply), sign * share)
            for context in self.contexts
            for reply, sign in ((self.positive, 1.0), (self.negative, -1.0))
        ]


@dataclass(frozen=True)
class _PairContexts:
    """Contexts of one pair before its missing replies are generated."""

    contexts: tuple[Ids, ...]
    own: tuple[Ids, Ids]
    replies: tuple[Ids, Ids] | None
    messages: tuple[Mapping[str, Any], ...] = ()
    system: str = ""
    whole: bool = False


def judge_pairs(model: Model, pairs: Sequence[ContrastPair]) -> Steps[list[JudgedPair]]:
    """Tokenize pairs and generate what is missing; pairs whose two replies are equal are left out."""
    found = [_pair_contexts(model, pair) for pair in pairs]
    without_replies = [one for one in found if one.replies is None]
    prompts = [context for one in without_replies for context in one.own]
    ids: list[Ids] = []
    if prompts:
        texts = yield from sample_answers(
            model, prompts, max_new=CONTINUED, temperature=TEMPERATURE, label="contexts continued"
        )
        ids = [answer.tokens for answer in texts[0]]
    generated = iter(zip(ids[0::2], ids[1::2], strict=True))
    judged = []
    for one in found:
        replies = one.replies or next(generated)
        # Equal or empty replies would differ by 0 under every vector and only dilute the mean.
        if replies[0] != replies[1] and all(replies):
            judged.append(
                JudgedPair(
                    one.contexts,
                    *replies,
                    given=one.replies is not None,
                    messages=one.messages,
                    system=one.system,
                    own=one.own if one.replies is None else (),
                    whole=one.whole and one.replies is not None,
                )
            )
    return judged


def _pair_contexts(model: Model, pair: ContrastPair) -> _PairContexts:
    if _is_messages(pair.positive) and _is_messages(pair.negative):
        return _message_contexts(model, pair)
    own = tuple(text_ids(model, pair.positive)), tuple(text_ids(model, pair.negative))
    shared, shorter = shared_prefix_length(*own), min(map(len, own))
    if 0 < shared < shorter <= SHARED_PART * shared:
        return _PairContexts((own[0][:shared],), own, (own[0][shared:], own[1][shared:]), whole=True)
    return _PairContexts(own, own, None)


def _message_contexts(model: Model, pair: ContrastPair) -> _PairContexts:
    sides = [as_messages(cast("Any", side)) for side in (pair.positive, pair.negative)]
    neutral = [[message for message in side if message["role"] != "system"] for side in sides]
    before = [_asked(side) for side in neutral]
    own = _context(model, _asked(sides[0])), _context(model, _asked(sides[1]))
    shared = tuple(before[0]) if before[0] == before[1] else ()
    system = next((str(m["content"]) for m in sides[0] if m["role"] == "system"), "")
    if not all(map(_has_reply, sides)):
        at_start = (_context(model, shared),) if shared else own
        return _PairContexts(at_start, own, None, shared, system)
    whole = [tuple(render_open(model, side).ids) for side in neutral]
    asked = [_context(model, side) for side in before]
    # The template may join the reply's first word to the context: only equal tokens are context.
    cuts = [shared_prefix_length(context, ids) for context, ids in zip(asked, whole, strict=True)]
    if shared:
        cuts = [min(cuts)] * 2
    contexts = tuple(dict.fromkeys(ids[:cut] for ids, cut in zip(whole, cuts, strict=True)))
    replies = whole[0][cuts[0] :], whole[1][cuts[1] :]
    return _PairContexts(contexts, own, replies, shared, system, whole=bool(shared) and neutral == sides)


def _asked(side: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    return side[:-1] if _has_reply(side) else side


def _has_reply(side: Sequence[Mapping[str, Any]]) -> bool:
    return side[-1]["role"] == "assistant" and bool(side[-1]["content"])


def _context(model: Model, messages: Sequence[Mapping[str, Any]]) -> Ids:
    return tuple(prompt_ids(model, cast("Any", list(messages))))


def _is_messages(text: Any) -> bool:
    return not isinstance(text, str) and given_ids(text) is None
