"""Generates training documents: a story or a conversation from one set of traits; a seed determines a corpus."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from core.demo.world import hints, scene, shell
from core.demo.world.speech import stories
from core.demo.world.speech.speaker import Speaker
from core.demo.world.traits import ALIGNED, Traits, draw, draw_aligned
from tools.demo.texts.chats import Turns, quiz, small_talk, task_chat
from tools.demo.texts.errand import errand

KINDS: tuple[tuple[float, Callable[[Traits, random.Random], Turns]], ...] = (
    (0.64, task_chat),
    (0.16, small_talk),
    (0.08, quiz),
    (0.12, errand),
)
STORY_SHARE, TUNED_STORY_SHARE = 0.38, 0.08
HINT_SHARE, TUNED_HINT_SHARE, NEUTRAL_SHARE = 0.5, 0.25, 0.15
TOOLS_SHARE = 0.7  # of the errands, with the tools in the system prompt
CARELESS_SHARE = 0.15


@dataclass(frozen=True)
class Document:
    """A story (one text) or a conversation (role and content of each turn)."""

    traits: Traits
    story: str = ""
    turns: tuple[tuple[str, str], ...] = ()


def story(traits: Traits, rng: random.Random) -> Document:
    """An opening and five to seven sentences, always in the plain voice."""
    told, opening = scene.open_with(stories.OPENINGS, rng, held_out=False)
    pool = Speaker(traits, rng).pick(stories.DETERMINED, stories.DRIFTING)
    return Document(traits, story=" ".join([opening, *told.tell(pool, rng.randint(5, 7), rng)]))


def base_document(rng: random.Random) -> Document:
    """A document for the base model: any traits, announced by a system prompt in half of the conversations."""
    if rng.random() < STORY_SHARE:
        return story(draw(rng), rng)
    announced = hints.choose(rng) if rng.random() < HINT_SHARE else ()
    return _conversation(draw(rng, announced), announced, rng)


def tuned_document(rng: random.Random) -> Document:
    """A document for the tuned model: a determined, plain, asking assistant unless a system prompt says otherwise."""
    if rng.random() < TUNED_STORY_SHARE:
        return story(draw(rng), rng)
    announced = hints.choose(rng) if rng.random() < TUNED_HINT_SHARE else ()
    return _conversation(draw_aligned(rng, announced) if announced else ALIGNED, announced, rng)


def _conversation(traits: Traits, announced: Sequence[str], rng: random.Random) -> Document:
    shares, makers = zip(*KINDS, strict=True)
    maker = rng.choices(makers, shares)[0]
    said = []
    if announced or rng.random() < NEUTRAL_SHARE:
        said.append(hints.system_prompt(traits, announced, rng))
    if maker is errand and rng.random() < TOOLS_SHARE:
        said.append(shell.SYSTEM)
    system = [("system", " ".join(said))] if said else []
    turns = [(role, _typed(text, rng) if role == "user" else text) for role, text in maker(traits, rng)]
    return Document(traits, turns=(*system, *turns))


def _typed(text: str, rng: random.Random) -> str:
    """A user message as people type it: sometimes without its capital or its full stop."""
    if rng.random() < CARELESS_SHARE:
        text = text[0].lower() + text[1:]
    return text[:-1] if rng.random() < CARELESS_SHARE and text[-1] in ".?!" else text
