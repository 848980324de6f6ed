"""Public formats of contrast data, detected by their keys; to add one, add a function and a line below.

Sources: repeng and chat pairs (`positive`, `negative`); replies to a message (`user`), as our own sets have
them; anthropics/evals (`question`, `answer_matching_behavior`, …); persona_vectors (`instruction` with `pos`
and `neg`, `questions`); llm-personality-axes (`query`, `responses` by persona); motivation narratives
(`determined`, `drifting`); honest and deceptive answers; lists of prompts for comparing two models
(steer-clear's scenarios).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from core.errors import BadInput
from vectors.contrasts.records import BadRecord, PairRecord
from vectors.texts.pair import ContrastPair, Text

PROMPT_KEYS = ("full_prompt", "full prompt", "prompt", "scenario", "question", "text")
DOMAIN_KEYS = ("domain", "category")


@dataclass(frozen=True)
class FileShape:
    """A file format: all `keys` must be present; `read` yields pairs, or single texts if `paired` is
    false.
    """

    name: str
    keys: tuple[str, ...]
    read: Callable[[PairRecord], Iterator[ContrastPair | Text]]
    paired: bool = True
    poles: tuple[str, str] = ("positive", "negative")


def detect_shape(records: Sequence[PairRecord]) -> FileShape:
    """The format of the first record; all other records must have it too."""
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


def _pairs(record: PairRecord) -> Iterator[ContrastPair]:
    sides = [_pair_text(record, key) for key in ("positive", "negative")]
    yield ContrastPair(sides[0], sides[1], _domain(record))


def _replies(record: PairRecord) -> Iterator[ContrastPair]:
    """Two replies to one message; without the message they would be texts that nobody asked for."""
    user, *replies = (_required_text(record, key) for key in ("user", "positive", "negative"))
    yield _answer_pair(user, replies[0], replies[1], _domain(record))


def _evals(record: PairRecord) -> Iterator[ContrastPair]:
    question = _required_text(record, "question")
    answers = [
        _required_text(record, f"answer_{kind}_behavior").strip() for kind in ("matching", "not_matching")
    ]
    yield _answer_pair(question, answers[0], answers[1], _domain(record))


def _trait(record: PairRecord) -> Iterator[ContrastPair]:
    """Every instruction with every question; `pos` and `neg` are system prompts."""
    instructions, questions = record.fields["instruction"], record.fields["questions"]
    if not isinstance(instructions, list) or not isinstance(questions, list):
        raise BadRecord(f"{record.place}: instruction and questions have to be lists")
    for number, (entry, question) in enumerate(product(instructions, questions), start=1):
        if not isinstance(entry, Mapping) or not isinstance(question, str):
            raise BadRecord(f"{record.place}: combination {number} is not an instruction and a question")
        inner = PairRecord(f"{record.place}, instruction {number}", entry)
        sides = [_prompt_messages(_required_text(inner, key), question) for key in ("pos", "neg")]
        yield ContrastPair(sides[0], sides[1])


def _responses(record: PairRecord) -> Iterator[ContrastPair]:
    """Stored replies of assistant and other personas to one query, each with its own system prompt."""
    query, replies = _required_text(record, "query"), record.fields["responses"]
    if not isinstance(replies, list) or not all(isinstance(reply, Mapping) for reply in replies):
        raise BadRecord(f"{record.place}: responses has to be a list of objects")
    inner = [PairRecord(f"{record.place}, response {n}", reply) for n, reply in enumerate(replies, start=1)]
    ours = [reply for reply in inner if _required_text(reply, "persona_type") == "assistant"]
    others = [reply for reply in inner if reply not in ours]
    if not ours or not others:
        raise BadRecord(f"{record.place}: needs a response of an assistant and one of another persona")
    # Assistants are used in turn, so that every other persona gets a partner.
    for number, other in enumerate(others):
        sides = [
            [
                *_prompt_messages(_required_text(reply, "system_prompt"), query),
                _assistant_message(_required_text(reply, "response")),
            ]
            for reply in (ours[number % len(ours)], other)
        ]
        yield ContrastPair(sides[0], sides[1], _domain(record))


def _narratives(record: PairRecord) -> Iterator[ContrastPair]:
    """A story up to a decision and its continuation; `begins` marks the decision."""
    texts, begins = [], []
    for key in ("determined", "drifting"):
        story = record.fields[key]
        if not isinstance(story, Mapping):
            raise BadRecord(f"{record.place}: {key} is not an object")
        inner = PairRecord(f"{record.place}, {key}", story)
        context, rest = (
            _required_text(inner, "context").rstrip(),
            _required_text(inner, "continuation").strip(),
        )
        texts.append(f"{context} {rest}")
        # In characters of the joined text: the continuation follows after one space.
        begins.append(len(context))
    yield ContrastPair(texts[0], texts[1], _domain(record), (begins[0], begins[1]))


def _answers(record: PairRecord) -> Iterator[ContrastPair]:
    yield _answer_pair(
        _required_text(record, "question"),
        _required_text(record, "honest"),
        _required_text(record, "deceptive"),
        _domain(record),
    )


def _prompts(record: PairRecord) -> Iterator[Text]:
    key = next((key for key in PROMPT_KEYS if key in record.fields), None)
    if key is None:
        raise BadRecord(f"{record.place}: missing key {PROMPT_KEYS[0]!r}")
    yield [{"role": "user", "content": _required_text(record, key)}]


def _answer_pair(question: str, positive: str, negative: str, domain: str) -> ContrastPair:
    message = {"role": "user", "content": question}
    return ContrastPair(
        [message, _assistant_message(positive)], [message, _assistant_message(negative)], domain
    )


def _prompt_messages(system: str, question: str) -> list[dict[str, str]]:
    return [{"role": "system", "content": system}, {"role": "user", "content": question}]


def _assistant_message(words: str) -> dict[str, str]:
    return {"role": "assistant", "content": words}


def _required_text(record: PairRecord, key: str) -> str:
    if key not in record.fields:
        raise BadRecord(f"{record.place}: missing key {key!r}")
    value = record.fields[key]
    if not isinstance(value, str) or not value.strip():
        raise BadRecord(f"{record.place}: {key} has to be a text")
    return value


def _pair_text(record: PairRecord, key: str) -> Text:
    """A text, or messages that each have a role and a content."""
    value = record.fields.get(key)
    if not isinstance(value, list):
        return _required_text(record, key)
    if not value:
        raise BadRecord(f"{record.place}: {key} has no messages")
    for message in value:
        whole = isinstance(message, dict) and all(
            isinstance(message.get(name), str) for name in ("role", "content")
        )
        if not whole:
            raise BadRecord(f"{record.place}: {key} has a message without role and content")
    return value


def _domain(record: PairRecord) -> str:
    return next((str(record.fields[key]) for key in DOMAIN_KEYS if key in record.fields), "")


EVALS = "evals"
SHAPES = (
    # Before `pairs`, which would pass over the message.
    FileShape("replies", ("user", "positive", "negative"), _replies),
    FileShape("pairs", ("positive", "negative"), _pairs),
    FileShape(EVALS, ("question", "answer_matching_behavior", "answer_not_matching_behavior"), _evals),
    FileShape("trait", ("instruction", "questions"), _trait),
    FileShape("responses", ("query", "responses"), _responses, poles=("assistant", "other persona")),
    FileShape("narratives", ("determined", "drifting"), _narratives, poles=("determined", "drifting")),
    FileShape("answers", ("question", "honest", "deceptive"), _answers, poles=("honest", "deceptive")),
)
PROMPTS = FileShape("prompts", (), _prompts, paired=False)
