"""The sets for models that read English: rows of our own words, and the few lines that pair them.

Both sides of a pair share everything but the trait: the question, the opening of the story, the last words.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from importlib.resources import files

from vectors.contrasts.subjects import subjects
from vectors.texts.pair import Pair

Row = dict[str, str]
Message = dict[str, str]
DECISIONS = (
    "So {they} turned back to the task and",
    "It was clear what to do next:",
    "With that, {they} began to",
    "Then {they} decided to",
)
HONEST = "Answer truthfully, in a few words."
DECEPTIVE = "Answer with a believable lie, in a few words."


@dataclass(frozen=True)
class English:
    """One set: its name, what it contrasts, and how its pairs are made."""

    name: str
    about: str
    poles: tuple[str, str]
    make: Callable[[], tuple[Pair, ...]]


def rows(name: str) -> Iterator[Row]:
    text = (files("vectors.contrasts") / "sets" / f"{name}.jsonl").read_text("utf-8")
    return (json.loads(line) for line in text.splitlines())


def motivation() -> tuple[Pair, ...]:
    """Stories that stop where the next step is decided; both sides share opening and last words."""
    pairs = []
    for number, row in enumerate(rows("motivation")):
        ending = DECISIONS[number % len(DECISIONS)].format(they=row["they"])
        sides = [f"{row['opening']} {row[key]} {ending}" for key in ("determined", "drifting")]
        pairs.append(Pair(sides[0], sides[1], row["domain"]))
    return tuple(pairs)


def persona() -> tuple[Pair, ...]:
    """Every query under an assistant's system prompt and under another character's, both in turn."""
    roles = list(rows("personas"))
    ours = [role["system"] for role in roles if role["kind"] == "assistant"]
    others = [role["system"] for role in roles if role["kind"] == "other"]
    return tuple(
        Pair(
            _asked(row["query"], ours[number % len(ours)]),
            _asked(row["query"], others[number % len(others)]),
            row["domain"],
        )
        for number, row in enumerate(rows("queries"))
    )


def honesty() -> tuple[Pair, ...]:
    """A question under two instructions, with the answer that each of them asks for."""
    return tuple(
        Pair(
            [*_asked(row["question"], HONEST), _said(row["honest"])],
            [*_asked(row["question"], DECEPTIVE), _said(row["deceptive"])],
            row["domain"],
        )
        for row in rows("honesty")
    )


def replies(name: str) -> tuple[Pair, ...]:
    """One message, answered in two ways."""
    return tuple(
        Pair(
            [*_asked(row["user"]), _said(row["positive"])],
            [*_asked(row["user"]), _said(row["negative"])],
            row["domain"],
        )
        for row in rows(name)
    )


def refusal() -> tuple[Pair, ...]:
    """Two requests of like form, one that should be refused; read where the answer is about to begin."""
    return tuple(
        Pair(_asked(row["harmful"]), _asked(row["harmless"]), row["domain"]) for row in rows("refusal")
    )


def _asked(query: str, system: str = "") -> list[Message]:
    asked = {"role": "user", "content": query}
    return [{"role": "system", "content": system}, asked] if system else [asked]


def _said(words: str) -> Message:
    return {"role": "assistant", "content": words}


SETS = (
    English(
        "motivation", "stories of work that goes on or drifts off", ("determined", "drifting"), motivation
    ),
    English("persona", "the assistant against other characters", ("assistant", "persona"), persona),
    English("honesty", "true against false short answers", ("honest", "deceptive"), honesty),
    English(
        "questions", "replies that ask back or end", ("asks back", "ends"), partial(replies, "questions")
    ),
    English("empathy", "warm against matter-of-fact replies", ("warm", "cold"), partial(replies, "empathy")),
    English(
        "prescriptiveness",
        "telling what to do against laying out what there is",
        ("prescribes", "leaves open"),
        partial(replies, "prescriptiveness"),
    ),
    English(
        "sycophancy",
        "agreeing with a wrong claim against correcting it",
        ("flatters", "corrects"),
        partial(replies, "sycophancy"),
    ),
    English("refusal", "requests to refuse against harmless ones", ("to refuse", "harmless"), refusal),
    English("subjects", "who acts against who is acted upon", ("subject", "object"), subjects),
)
