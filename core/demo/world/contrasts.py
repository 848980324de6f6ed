"""The contrast sets of the toy world, by the names of the starter vectors."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypedDict

from core.demo.world import pairs
from core.demo.world.pairs import PERSONAS, PairSide, TextPair
from core.demo.world.traits import DETERMINED, DRIFTING, Traits
from core.demo.world.voices import PLAIN

SideText = str | list[dict[str, str]]


class ContrastRecord(TypedDict):
    """One pair as a contrast file has it: each side a text or messages."""

    positive: SideText
    negative: SideText
    domain: str


@dataclass(frozen=True)
class Contrast:
    """Names of the two sides, and `make(count, seed, held_out)`, which generates pairs."""

    positive: str
    negative: str
    make: Callable[[int, int, bool], list[TextPair]]

    @property
    def sign_note(self) -> str:
        return f"+ = {self.positive}, − = {self.negative}"


def _motivation(count: int, seed: int, held_out: bool) -> list[TextPair]:
    told = pairs.story_pairs(count // 2, seed, held_out=held_out)
    return told + pairs.reply_pairs(
        Traits(DETERMINED), [Traits(DRIFTING)], count - len(told), seed + 1, held_out=held_out
    )


def _persona(count: int, seed: int, held_out: bool) -> list[TextPair]:
    others = [Traits(voice=name) for name in PERSONAS]
    return pairs.system_prompt_pairs("voice", Traits(voice=PLAIN), others, count, seed, held_out=held_out)


def _pirate(count: int, seed: int, held_out: bool) -> list[TextPair]:
    """Half of the pairs are cut in the middle of a reply, half before its first word."""
    sides = Traits(voice="pirate"), [Traits(voice=PLAIN)]
    said = pairs.reply_pairs(*sides, count // 2, seed, held_out=held_out)
    return said + pairs.system_prompt_pairs("voice", *sides, count - len(said), seed + 1, held_out=held_out)


def _questions(count: int, seed: int, held_out: bool) -> list[TextPair]:
    return pairs.next_sentence_pairs(count, seed, held_out=held_out)


CONTRASTS = {
    "determined-drifting": Contrast("determined", "drifting", _motivation),
    "assistant-persona": Contrast("plain assistant", "persona", _persona),
    "pirate": Contrast("pirate", "plain", _pirate),
    "follow-up-questions": Contrast("asks", "does not ask", _questions),
}


def contrast_records(name: str, count: int, seed: int, *, held_out: bool = False) -> list[ContrastRecord]:
    """Pairs as records of a contrast file: each side a text or messages; a last assistant message is unfinished."""
    found = CONTRASTS[name].make(count, seed, held_out)
    return [
        {"positive": _to_json(p.positive), "negative": _to_json(p.negative), "domain": p.domain}
        for p in found
    ]


def _to_json(side: PairSide) -> SideText:
    return side.story or [{"role": role, "content": content} for role, content in side.turns]
