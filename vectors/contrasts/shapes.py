"""The public shapes of contrast data, told apart by their keys; a new one is a function and a line below.

Sources: repeng and chat pairs (`positive`, `negative`); anthropics/evals (`question`,
`answer_matching_behavior`, …); persona_vectors (`instruction` with `pos` and `neg`, `questions`);
llm-personality-axes (`query`, `responses` by persona); motivation narratives (`determined`, `drifting`);
honest and deceptive answers; lists of prompts for comparing two models (steer-clear's scenarios).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from core.errors import BadInput
from vectors.contrasts.records import BadRecord, Record
from vectors.texts.pair import Pair, Text

PROMPT_KEYS = ("full_prompt", "full prompt", "prompt", "scenario", "question", "text")
DOMAIN_KEYS = ("domain", "category")


@dataclass(frozen=True)
class Shape:
    """`keys` must all be there; `read` yields pairs, or bare texts where `paired` is false."""

    name: str
    keys: tuple[str, ...]
    read: Callable[[Record], Iterator[Any]]
    paired: bool = True
    poles: tuple[str, str] = ("positive", "negative")


def detect(records: Sequence[Record]) -> Shape:
    """The shape of the first record; the others have to follow it."""
    if not records:
        raise BadInput("no entries in it")
    fields = records[0].fields
    for shape in SHAPES:
        if all(key in fields for key in shape.keys):
            return shape
    if any(key in fields for key in PROMPT_KEYS):
        return PROMPTS
    known = ", ".join(sorted(map(str, fields))[:8])
    raise BadRecord(f"{records[0].place}: no positive and negative, nor another known shape, in keys {known}")


def _pairs(record: Record) -> Iterator[Pair]:
    sides = [_side(record, key) for key in ("positive", "negative")]
    yield Pair(sides[0], sides[1], _domain(record))


def _evals(record: Record) -> Iterator[Pair]:
    question = _words(record, "question")
    answers = [_words(record, f"answer_{kind}_behavior").strip() for kind in ("matching", "not_matching")]
    yield _answered(question, answers[0], answers[1], _domain(record))


def _trait(record: Record) -> Iterator[Pair]:
    """Every instruction with every question: pos and neg are system prompts."""
    instructions, questions = record.fields["instruction"], record.fields["questions"]
    if not isinstance(instructions, list) or not isinstance(questions, list):
        raise BadRecord(f"{record.place}: instruction and questions have to be lists")
    for number, (entry, question) in enumerate(product(instructions, questions), start=1):
        if not isinstance(entry, Mapping) or not isinstance(question, str):
            raise BadRecord(f"{record.place}: combination {number} is not an instruction and a question")
        inner = Record(f"{record.place}, instruction {number}", entry)
        sides = [_asked(_words(inner, key), question) for key in ("pos", "neg")]
        yield Pair(sides[0], sides[1])


def _responses(record: Record) -> Iterator[Pair]:
    """Stored replies of assistant and other personas to one query, each with its own system prompt."""
    query, replies = _words(record, "query"), record.fields["responses"]
    if not isinstance(replies, list) or not all(isinstance(reply, Mapping) for reply in replies):
        raise BadRecord(f"{record.place}: responses has to be a list of objects")
    inner = [Record(f"{record.place}, response {n}", reply) for n, reply in enumerate(replies, start=1)]
    ours = [reply for reply in inner if _words(reply, "persona_type") == "assistant"]
    others = [reply for reply in inner if reply not in ours]
    if not ours or not others:
        raise BadRecord(f"{record.place}: needs a response of an assistant and one of another persona")
    for number, other in enumerate(others):
        sides = [
            [*_asked(_words(reply, "system_prompt"), query), _said(_words(reply, "response"))]
            for reply in (ours[number % len(ours)], other)
        ]
        yield Pair(sides[0], sides[1], _domain(record))


def _narratives(record: Record) -> Iterator[Pair]:
    """A story up to its decision and how it goes on; `begins` marks the decision."""
    texts, begins = [], []
    for key in ("determined", "drifting"):
        story = record.fields[key]
        if not isinstance(story, Mapping):
            raise BadRecord(f"{record.place}: {key} is not an object")
        inner = Record(f"{record.place}, {key}", story)
        context, rest = _words(inner, "context").rstrip(), _words(inner, "continuation").strip()
        texts.append(f"{context} {rest}")
        begins.append(len(context))
    yield Pair(texts[0], texts[1], _domain(record), (begins[0], begins[1]))


def _answers(record: Record) -> Iterator[Pair]:
    yield _answered(
        _words(record, "question"), _words(record, "honest"), _words(record, "deceptive"), _domain(record)
    )


def _prompts(record: Record) -> Iterator[Text]:
    key = next((key for key in PROMPT_KEYS if key in record.fields), None)
    if key is None:
        raise BadRecord(f"{record.place}: missing key {PROMPT_KEYS[0]!r}")
    yield [{"role": "user", "content": _words(record, key)}]


def _answered(question: str, positive: str, negative: str, domain: str) -> Pair:
    asked = {"role": "user", "content": question}
    return Pair([asked, _said(positive)], [asked, _said(negative)], domain)


def _asked(system: str, question: str) -> list[dict[str, str]]:
    return [{"role": "system", "content": system}, {"role": "user", "content": question}]


def _said(words: str) -> dict[str, str]:
    return {"role": "assistant", "content": words}


def _words(record: Record, key: str) -> str:
    if key not in record.fields:
        raise BadRecord(f"{record.place}: missing key {key!r}")
    value = record.fields[key]
    if not isinstance(value, str) or not value.strip():
        raise BadRecord(f"{record.place}: {key} has to be a text")
    return value


def _side(record: Record, key: str) -> Text:
    """A text, or messages that each have a role and a content."""
    value = record.fields.get(key)
    if not isinstance(value, list):
        return _words(record, key)
    if not value:
        raise BadRecord(f"{record.place}: {key} has no messages")
    for message in value:
        whole = isinstance(message, dict) and all(
            isinstance(message.get(name), str) for name in ("role", "content")
        )
        if not whole:
            raise BadRecord(f"{record.place}: {key} has a message without role and content")
    return value


def _domain(record: Record) -> str:
    return next((str(record.fields[key]) for key in DOMAIN_KEYS if key in record.fields), "")


EVALS = "evals"
SHAPES = (
    Shape("pairs", ("positive", "negative"), _pairs),
    Shape(EVALS, ("question", "answer_matching_behavior", "answer_not_matching_behavior"), _evals),
    Shape("trait", ("instruction", "questions"), _trait),
    Shape("responses", ("query", "responses"), _responses, poles=("assistant", "other persona")),
    Shape("narratives", ("determined", "drifting"), _narratives, poles=("determined", "drifting")),
    Shape("answers", ("question", "honest", "deceptive"), _answers, poles=("honest", "deceptive")),
)
PROMPTS = Shape("prompts", (), _prompts, paired=False)
