"""The forms of a pair: which parts are written, by which rules, and how the parts become two sides."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from core.errors import UsageError
from core.json_values import JsonValue
from vectors.texts.pair import ContrastPair
from vectors.texts.position_spec import RESPONSE

Row = Mapping[str, str]
LONGER = 2.0
"""Largest allowed length ratio of two sides: beyond it the vector would encode length."""
SHORT = 7
"""Most words of a short answer, as in the sets of honest and deceptive answers."""


@dataclass(frozen=True)
class PairForm:
    """`parts` are written for each pair; `shared` is the part that identifies a pair; `read` is the read that fits."""

    name: str
    parts: tuple[str, ...]
    shared: str
    rules: str
    pair: Callable[[Row, str], ContrastPair]
    read: str = "last"
    longest: int | None = None

    @property
    def schema(self) -> dict[str, JsonValue]:
        text: dict[str, JsonValue] = {"type": "string", "minLength": 1, "maxLength": 2000}
        return {
            "type": "object",
            "properties": dict.fromkeys(self.parts, text),
            "required": list(self.parts),
            "additionalProperties": False,
        }

    def rejection_reason(self, row: Row) -> str | None:
        """Why a pair is unusable, as one countable word, or None."""
        words = {part: row[part].split() for part in self.parts}
        sides = [len(words["positive"]), len(words["negative"])]
        if not all(words.values()):
            return "empty"
        if words["positive"] == words["negative"]:
            return "same"
        # No ratio for short answers: of two of them one is easily twice as long.
        if self.longest is not None:
            return "length" if max(sides) > self.longest else None
        return "length" if max(sides) > LONGER * min(sides) else None


def _story_pair(row: Row, domain: str) -> ContrastPair:
    sides = [" ".join(row[part].strip() for part in ("opening", side, "ending")) for side in SIDES]
    return ContrastPair(sides[0], sides[1], domain)


def _reply_pair_maker(question: str) -> Callable[[Row, str], ContrastPair]:
    def pair(row: Row, domain: str) -> ContrastPair:
        message = {"role": "user", "content": row[question].strip()}
        sides = [[message, {"role": "assistant", "content": row[side].strip()}] for side in SIDES]
        return ContrastPair(sides[0], sides[1], domain)

    return pair


def _request_pair(row: Row, domain: str) -> ContrastPair:
    sides = [[{"role": "user", "content": row[side].strip()}] for side in SIDES]
    return ContrastPair(sides[0], sides[1], domain)


SIDES = ("positive", "negative")
FORMS: Mapping[str, PairForm] = {
    form.name: form
    for form in (
        PairForm(
            "stories",
            ("opening", *SIDES, "ending"),
            "opening",
            "A story of one person and one task, cut off where the next step is decided. opening: one or two sentences "
            "that set the scene and say nothing of the trait. positive and negative: one or two sentences, either of "
            "which can follow the opening. ending: three to six words that follow either of them and leave the next "
            "step open, such as 'So she turned back and'.",
            _story_pair,
        ),
        PairForm(
            "replies",
            ("user", *SIDES),
            "user",
            "user: a message to an assistant that does not ask for the trait. positive and negative: two replies of "
            "one to three sentences that are equally helpful.",
            _reply_pair_maker("user"),
            RESPONSE,
        ),
        PairForm(
            "answers",
            ("question", *SIDES),
            "question",
            f"question: one that has a short answer. positive and negative: answers of at most {SHORT} words.",
            _reply_pair_maker("question"),
            RESPONSE,
            SHORT,
        ),
        PairForm(
            "requests",
            SIDES,
            "positive",
            "positive and negative: two requests to an assistant, of like form and topic.",
            _request_pair,
        ),
    )
}


def find_form(name: str) -> PairForm:
    if name not in FORMS:
        raise UsageError(f"no form {name!r}; there is {', '.join(FORMS)}")
    return FORMS[name]
