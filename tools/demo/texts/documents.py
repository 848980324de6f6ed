"""Generates training documents: a story or a conversation from one set of traits; a seed determines a corpus."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from core.demo.world import hints, scene, shell
from core.demo.world.speech import stories
from core.demo.world.speech.speaker import Speaker
from core.demo.world.traits import ALIGNED, Traits, draw_aligned_traits, draw_traits
from tools.demo.texts.chats import Turns, fact_quiz, small_talk, task_chat
from tools.demo.texts.errand import shell_errand

KINDS: tuple[tuple[float, Callable[[Traits, random.Random], Turns]], ...] = (
    (0.64, task_chat),
    (0.16, small_talk),
    (0.08, fact_quiz),
    (0.12, shell_errand),
)
STORY_SHARE, TUNED_STORY_SHARE = 0.38, 0.08
HINT_SHARE, TUNED_HINT_SHARE, NEUTRAL_SHARE = 0.5, 0.25, 0.15
TOOLS_SHARE = 0.7  # of the errands, with the tools in the system prompt
CARELESS_SHARE = 0.15


@dataclass(frozen=True)
class TrainingDocument:
    """A story (one text) or a conversation (role and content of each turn)."""

    traits: Traits
    story: str = ""
    turns: tuple[tuple[str, str], ...] = ()


def write_story(traits: Traits, rng: random.Random) -> TrainingDocument:
    """An opening and five to seven sentences, always in the plain voice."""
    told, opening = scene.draw_opening(stories.OPENINGS, rng, held_out=False)
    pool = Speaker(traits, rng).pick(stories.DETERMINED, stories.DRIFTING)
    return TrainingDocument(
        traits, story=" ".join([opening, *told.write_sentences(pool, rng.randint(5, 7), rng)])
    )


def base_document(rng: random.Random) -> TrainingDocument:
    """A document for the base model: any traits, announced by a system prompt in half of the conversations."""
    if rng.random() < STORY_SHARE:
        return write_story(draw_traits(rng), rng)
    announced = hints.choose_announced(rng) if rng.random() < HINT_SHARE else ()
    return _conversation(draw_traits(rng, announced), announced, rng)


def tuned_document(rng: random.Random) -> TrainingDocument:
    """A document for the tuned model: a determined, plain, asking assistant unless a system prompt says otherwise."""
    if rng.random() < TUNED_STORY_SHARE:
        return write_story(draw_traits(rng), rng)
    announced = hints.choose_announced(rng) if rng.random() < TUNED_HINT_SHARE else ()
    return _conversation(draw_aligned_traits(rng, announced) if announced else ALIGNED, announced, rng)


def _conversation(traits: Traits, announced: Sequence[str], rng: random.Random) -> TrainingDocument:
    shares, makers = zip(*KINDS, strict=True)
    maker = rng.choices(makers, shares)[0]
    said = []
    if announced or rng.random() < NEUTRAL_SHARE:
        said.append(hints.system_prompt(traits, announced, rng))
    if maker is shell_errand and rng.random() < TOOLS_SHARE:
        said.append(shell.SYSTEM)
    system = [("system", " ".join(said))] if said else []
    turns = [
        (role, _make_careless(text, rng) if role == "user" else text) for role, text in maker(traits, rng)
    ]
    return TrainingDocument(traits, turns=(*system, *turns))


def _make_careless(text: str, rng: random.Random) -> str:
    """A user message as people type it: sometimes without its capital or its full stop."""
    if rng.random() < CARELESS_SHARE:
        text = text[0].lower() + text[1:]
    return text[:-1] if rng.random() < CARELESS_SHARE and text[-1] in ".?!" else text
