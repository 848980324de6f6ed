"""The built-in sets for models that read English: rows of our own texts, and the functions that pair them.

Both sides of a pair share everything but the trait: the question, the opening of the story, the last
words.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from importlib.resources import files

from vectors.contrasts.subjects import subject_pairs
from vectors.texts.pair import ContrastPair
from vectors.texts.position_spec import RESPONSE

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
class EnglishSet:
    """One set: its name, its contrast, what plus and minus do, the read that fits, and what makes its pairs.

    `trait` are words or marks that are the trait itself.
    """

    name: str
    about: str
    poles: tuple[str, str]
    make: Callable[[], tuple[ContrastPair, ...]]
    read: str = "last"
    trait: frozenset[str] = frozenset()


def read_rows(name: str) -> Iterator[Row]:
    text = (files("vectors.contrasts") / "sets" / f"{name}.jsonl").read_text("utf-8")
    return (json.loads(line) for line in text.splitlines())


def motivation_pairs() -> tuple[ContrastPair, ...]:
    """Stories cut off where the next step is decided; both sides share the opening and the last words."""
    pairs = []
    for number, row in enumerate(read_rows("motivation")):
        # The same ending on both sides: the last token, which is read, does not differ.
        ending = DECISIONS[number % len(DECISIONS)].format(they=row["they"])
        sides = [f"{row['opening']} {row[key]} {ending}" for key in ("determined", "drifting")]
        pairs.append(ContrastPair(sides[0], sides[1], row["domain"]))
    return tuple(pairs)


def persona_pairs() -> tuple[ContrastPair, ...]:
    """Every query under an assistant's system prompt and under another character's; the prompts are used
    in turn.
    """
    roles = list(read_rows("personas"))
    ours = [role["system"] for role in roles if role["kind"] == "assistant"]
    others = [role["system"] for role in roles if role["kind"] == "other"]
    return tuple(
        ContrastPair(
            _user_messages(row["query"], ours[number % len(ours)]),
            _user_messages(row["query"], others[number % len(others)]),
            row["domain"],
        )
        for number, row in enumerate(read_rows("queries"))
    )


def honesty_pairs() -> tuple[ContrastPair, ...]:
    """A question under two instructions, each with the answer it requires."""
    return tuple(
        ContrastPair(
            [*_user_messages(row["question"], HONEST), _assistant_message(row["honest"])],
            [*_user_messages(row["question"], DECEPTIVE), _assistant_message(row["deceptive"])],
            row["domain"],
        )
        for row in read_rows("honesty")
    )


def reply_pairs(name: str) -> tuple[ContrastPair, ...]:
    """One user message with two different replies."""
    return tuple(
        ContrastPair(
            [*_user_messages(row["user"]), _assistant_message(row["positive"])],
            [*_user_messages(row["user"]), _assistant_message(row["negative"])],
            row["domain"],
        )
        for row in read_rows(name)
    )


def refusal_pairs() -> tuple[ContrastPair, ...]:
    """Two requests of similar form, one of which should be refused; read at the last token before the
    answer.
    """
    return tuple(
        ContrastPair(_user_messages(row["harmful"]), _user_messages(row["harmless"]), row["domain"])
        for row in read_rows("refusal")
    )


def _user_messages(query: str, system: str = "") -> list[Message]:
    message = {"role": "user", "content": query}
    return [{"role": "system", "content": system}, message] if system else [message]


def _assistant_message(words: str) -> Message:
    return {"role": "assistant", "content": words}


SETS = (
    EnglishSet(
        "motivation",
        "stories of work that goes on or drifts off",
        ("determined", "drifting"),
        motivation_pairs,
    ),
    EnglishSet("persona", "the assistant against other characters", ("assistant", "persona"), persona_pairs),
    EnglishSet(
        "honesty",
        "true against false advice, in a few words",
        ("honest", "deceptive"),
        honesty_pairs,
        RESPONSE,
    ),
    EnglishSet(
        "questions",
        "replies that ask back or do not",
        ("asks back", "states"),
        partial(reply_pairs, "questions"),
        RESPONSE,
        frozenset("?"),
    ),
    EnglishSet(
        "empathy",
        "warm against matter-of-fact replies",
        ("warm", "matter-of-fact"),
        partial(reply_pairs, "empathy"),
        RESPONSE,
    ),
    EnglishSet(
        "prescriptiveness",
        "telling what to do against laying out what there is",
        ("prescribes", "leaves open"),
        partial(reply_pairs, "prescriptiveness"),
        RESPONSE,
    ),
    EnglishSet(
        "sycophancy",
        "agreeing with a wrong claim against correcting it",
        ("flatters", "corrects"),
        partial(reply_pairs, "sycophancy"),
        RESPONSE,
    ),
    EnglishSet(
        "refusal",
        "requests that should be refused against harmless ones: plus is the harmful request, not the refusal",
        ("harmful request", "harmless request"),
        refusal_pairs,
    ),
    EnglishSet("subjects", "who acts against who is acted upon", ("subject", "object"), subject_pairs),
)
