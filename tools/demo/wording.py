"""Token ids of the toy world's pairs and prompts."""

from collections.abc import Sequence

from core.demo.world.pairs import PairSide, TextPair
from core.generation.token_ids import text_ids, tokenizer_of
from core.model.model import Model

Ids = list[int]


def story_ids(model: Model, text: str) -> Ids:
    """Token ids of a story to be continued."""
    return text_ids(model, text)


def turn_ids(model: Model, *turns: tuple[str, str]) -> Ids:
    """Token ids of a conversation with the assistant's turn open; a last assistant message stays unfinished."""
    return text_ids(model, [{"role": role, "content": content} for role, content in turns])


def side_ids(model: Model, side: PairSide) -> Ids:
    return story_ids(model, side.story) if side.story else turn_ids(model, *side.turns)


def trait_width(model: Model, side: PairSide) -> int:
    """How many tokens at the end of a side express its trait."""
    return len(_plain_ids(model, f" {side.shown}" if side.story else side.shown))


def class_token_ids(model: Model, pairs: Sequence[TextPair]) -> tuple[list[Ids], list[Ids]]:
    """The token ids of the positive sides, and those of the negative sides."""
    return [side_ids(model, p.positive) for p in pairs], [side_ids(model, p.negative) for p in pairs]


def trait_widths(model: Model, pairs: Sequence[TextPair]) -> tuple[list[int], list[int]]:
    return [trait_width(model, p.positive) for p in pairs], [trait_width(model, p.negative) for p in pairs]


def _plain_ids(model: Model, text: str) -> Ids:
    return list(tokenizer_of(model)(text, add_special_tokens=False)["input_ids"])
