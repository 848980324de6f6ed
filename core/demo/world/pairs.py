"""Contrast pairs of the toy world: two texts that differ in one trait only.

Most pairs end where the next sentence is decided (after a full stop, or at the assistant's turn), because a vector
read there changes the text faster than one read from the mean of the text so far.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from core.demo.world import hints, scene
from core.demo.world.scene import Scene
from core.demo.world.speech import stories, talk
from core.demo.world.speech.speaker import Speaker
from core.demo.world.traits import DETERMINED, DRIFTING, Traits
from core.demo.world.voices import PLAIN, VOICES

Messages = tuple[tuple[str, str], ...]
SENTENCES = 3
PERSONAS = tuple(voice.name for voice in VOICES if voice.name != PLAIN)


@dataclass(frozen=True)
class PairSide:
    """One side of a pair: the beginning of a story or a conversation; `shown` is the part that shows the trait."""

    story: str = ""
    turns: Messages = ()
    shown: str = ""


@dataclass(frozen=True)
class TextPair:
    positive: PairSide
    negative: PairSide
    domain: str


def story_pairs(count: int, seed: int, *, held_out: bool) -> list[TextPair]:
    """Determined against drifting stories: the same opening, then three sentences."""
    rng = random.Random(seed)
    pairs = []
    for _ in range(count):
        told, opening = scene.draw_opening(stories.OPENINGS, rng, held_out=held_out)
        sides = [
            PairSide(story=f"{opening} {shown}", shown=shown)
            for pool in (stories.DETERMINED, stories.DRIFTING)
            for shown in [" ".join(told.write_sentences(pool, SENTENCES, rng))]
        ]
        pairs.append(TextPair(sides[0], sides[1], told.domain.name))
    return pairs


def reply_pairs(
    positive: Traits, negatives: Sequence[Traits], count: int, seed: int, *, held_out: bool
) -> list[TextPair]:
    """The same request without a system prompt, then three sentences of a reply with either set of traits."""
    return _request_pairs(_reply_side, positive, negatives, count, seed, held_out)


def system_prompt_pairs(
    trait: str, positive: Traits, negatives: Sequence[Traits], count: int, seed: int, *, held_out: bool
) -> list[TextPair]:
    """The same request under two system prompts that announce different values of one trait."""

    def side(told: Scene, request: str, traits: Traits, rng: random.Random) -> PairSide:
        return PairSide(
            turns=(("system", rng.choice(hints.HINTS[getattr(traits, trait)])), ("user", request))
        )

    return _request_pairs(side, positive, negatives, count, seed, held_out)


def next_sentence_pairs(count: int, seed: int, *, held_out: bool) -> list[TextPair]:
    """The same request and first sentence, then a question or a statement, to be read at its first token.

    Whether the assistant asks is hardly decided before a sentence begins.
    """
    rng = random.Random(seed)
    pairs = []
    for index in range(count):
        told, request = scene.draw_opening(talk.REQUESTS, rng, held_out=held_out)
        speaker = Speaker(Traits((DETERMINED, DRIFTING)[index % 2]), rng)
        first, statement = told.write_sentences(speaker.pick(talk.DETERMINED, talk.DRIFTING), 2, rng)
        [question] = told.write_sentences(
            speaker.pick(talk.DETERMINED_QUESTIONS, talk.DRIFTING_QUESTIONS), 1, rng
        )
        sides = [
            PairSide(turns=(("user", request), ("assistant", f"{first} {sentence}")), shown=f" {sentence}")
            for sentence in (question, statement)
        ]
        pairs.append(TextPair(sides[0], sides[1], told.domain.name))
    return pairs


def _request_pairs(
    side: Callable[[Scene, str, Traits, random.Random], PairSide],
    positive: Traits,
    negatives: Sequence[Traits],
    count: int,
    seed: int,
    held_out: bool,
) -> list[TextPair]:
    """Request pairs: one side with the positive traits, one with the negative traits, which are used in turn."""
    rng = random.Random(seed)
    pairs = []
    for index in range(count):
        told, request = scene.draw_opening(talk.REQUESTS, rng, held_out=held_out)
        both = [side(told, request, each, rng) for each in (positive, negatives[index % len(negatives)])]
        pairs.append(TextPair(both[0], both[1], told.domain.name))
    return pairs


def _reply_side(told: Scene, request: str, traits: Traits, rng: random.Random) -> PairSide:
    speaker = Speaker(traits, rng)
    said = told.write_sentences(speaker.pick(talk.DETERMINED, talk.DRIFTING), SENTENCES, rng)
    asked = told.write_sentences(
        speaker.pick(talk.DETERMINED_QUESTIONS, talk.DRIFTING_QUESTIONS), SENTENCES, rng
    )
    shown = speaker.reply(said, asked)
    return PairSide(turns=(("user", request), ("assistant", shown)), shown=shown)
