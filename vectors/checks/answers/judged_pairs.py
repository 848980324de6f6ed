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
from core.generation.token_ids import answer_context, given_ids, prompt_ids, text_ids
from core.jobs.job import Steps
from core.json_values import JsonValue
from vectors.checks.answers.batch_answers import BatchAnswer, sample_answers
from vectors.checks.gradients.scored_rows import ScoredRow, shared_prefix_length
from vectors.texts.pair import ContrastPair
from vectors.texts.thinking import marks_thoughts
from vectors.texts.tokenized import TokenizedText, tokenize_text

if TYPE_CHECKING:
    from core.model.model import Model

Ids = tuple[int, ...]
TemplateArgs = Mapping[str, JsonValue] | None
CONTINUED, TEMPERATURE = 24, 0.7
"""Sampled as all texts of a check are: greedy continuations of a small model are a few stock phrases."""
SHARED_PART = 4
"""Plain texts are scored as written where at least a quarter of the shorter one is their common beginning."""


@dataclass(frozen=True)
class JudgedPair:
    """Contexts and two replies; `given` whether the set holds the replies.

    `messages` are those of a neutral context, `system` the positive side's own system prompt, and `own` the
    contexts that the model continued where the set has no replies. `whole`: context and reply are all of a side.
    A context ends where the reply's own words begin, a prompt where the model begins to generate: they differ where
    it thinks first. `note` says where a reply is not in the place where the model would say it.
    """

    contexts: tuple[Ids, ...]
    positive: Ids
    negative: Ids
    given: bool = True
    messages: tuple[Mapping[str, Any], ...] = ()
    system: str = ""
    own: tuple[Ids, ...] = ()
    whole: bool = False
    prompts: tuple[Ids, ...] = ()
    note: str = ""

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
    prompts: tuple[Ids, ...] = ()
    note: str = ""


def judge_pairs(
    model: Model, pairs: Sequence[ContrastPair], template_args: TemplateArgs = None
) -> Steps[list[JudgedPair]]:
    """Tokenize pairs and generate what is missing; pairs whose two replies are equal are left out."""
    found = [_pair_contexts(model, pair, template_args) for pair in pairs]
    without_replies = [one for one in found if one.replies is None]
    prompts = [context for one in without_replies for context in one.own]
    said: list[BatchAnswer] = []
    if prompts:
        texts = yield from sample_answers(
            model, prompts, max_new=CONTINUED, temperature=TEMPERATURE, label="contexts continued"
        )
        said = texts[0]
    generated = iter(zip(said[0::2], said[1::2], strict=True))
    judged = [_judged_pair(one, None if one.replies else next(generated)) for one in found]
    # Equal or empty replies would differ by 0 under every vector and only dilute the mean.
    return [pair for pair in judged if pair.positive != pair.negative and pair.positive and pair.negative]


def _judged_pair(one: _PairContexts, made: tuple[BatchAnswer, BatchAnswer] | None) -> JudgedPair:
    """The pair with the set's replies, or with those that the model `made` of either side's own context."""
    positive, negative = one.replies or ((made[0].tokens, made[1].tokens) if made else ((), ()))
    return JudgedPair(
        one.contexts,
        positive,
        negative,
        given=one.replies is not None,
        messages=one.messages,
        system=one.system,
        # With the thoughts that the replies came from.
        own=tuple((*c, *a.thought) for c, a in zip(one.own, made, strict=True)) if made else (),
        whole=one.whole and one.replies is not None,
        prompts=one.prompts or one.contexts,
        note=one.note,
    )


def _pair_contexts(model: Model, pair: ContrastPair, template_args: TemplateArgs) -> _PairContexts:
    if _is_messages(pair.positive) and _is_messages(pair.negative):
        return _message_contexts(model, pair, template_args)
    own = (
        tuple(text_ids(model, pair.positive, template_args)),
        tuple(text_ids(model, pair.negative, template_args)),
    )
    shared, shorter = shared_prefix_length(*own), min(map(len, own))
    if 0 < shared < shorter <= SHARED_PART * shared:
        return _PairContexts((own[0][:shared],), own, (own[0][shared:], own[1][shared:]), whole=True)
    return _PairContexts(own, own, None)


def _message_contexts(model: Model, pair: ContrastPair, template_args: TemplateArgs) -> _PairContexts:
    sides = [as_messages(cast("Any", side)) for side in (pair.positive, pair.negative)]
    neutral = [[message for message in side if message["role"] != "system"] for side in sides]
    before = [_asked(side) for side in neutral]
    own = (
        _prompt(model, _asked(sides[0]), template_args),
        _prompt(model, _asked(sides[1]), template_args),
    )
    shared = tuple(before[0]) if before[0] == before[1] else ()
    system = next((str(m["content"]) for m in sides[0] if m["role"] == "system"), "")
    if not all(map(_has_reply, sides)):
        asked = (shared,) if shared else tuple(map(_asked, sides))
        contexts = tuple(tuple(answer_context(model, each, template_args)) for each in asked)
        prompts = tuple(_prompt(model, each, template_args) for each in asked)
        return _PairContexts(contexts, own, None, shared, system, prompts=prompts)
    spoken = [tokenize_text(model, side, template_args=template_args) for side in neutral]
    whole = [side.ids for side in spoken]
    asked_ids = [_prompt(model, side, template_args) for side in before]
    cuts = [_reply_start(side, ids) for side, ids in zip(spoken, asked_ids, strict=True)]
    if shared:
        cuts = [min(cuts)] * 2
    places = dict.fromkeys(ids[:cut] for ids, cut in zip(whole, cuts, strict=True))
    replies = whole[0][cuts[0] :], whole[1][cuts[1] :]
    return _PairContexts(
        tuple(places),
        own,
        replies,
        shared,
        system,
        whole=bool(shared) and neutral == sides,
        prompts=tuple(dict.fromkeys(asked_ids)) if marks_thoughts(model) else (),
        note=next(filter(None, (side.note for side in spoken)), ""),
    )


def _reply_start(side: TokenizedText, asked: Ids) -> int:
    """The first token of the reply's own; the template may join its first word to the context."""
    shared = shared_prefix_length(asked, side.ids)
    if side.reply is None or not side.offsets:
        return shared
    # Behind the prompt the template may have written more, such as a thought that is closed again.
    own = side.tokens(side.reply)
    return own[0] if own and shared < own[0] and not _is_blank(side, shared, own[0]) else shared


def _is_blank(side: TokenizedText, start: int, stop: int) -> bool:
    """Whether these tokens are white space, which belongs to the reply as it is written in the set."""
    return not side.text[side.offsets[start][0] : side.offsets[stop][0]].strip()


def _asked(side: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    return side[:-1] if _has_reply(side) else side


def _has_reply(side: Sequence[Mapping[str, Any]]) -> bool:
    return side[-1]["role"] == "assistant" and bool(side[-1]["content"])


def _prompt(model: Model, messages: Sequence[Mapping[str, Any]], template_args: TemplateArgs) -> Ids:
    return tuple(prompt_ids(model, cast("Any", list(messages)), template_args=template_args))


def _is_messages(text: Any) -> bool:
    return not isinstance(text, str) and given_ids(text) is None
