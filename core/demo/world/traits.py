"""The latent traits of a document, constant from its first sentence to its last."""

import random
from collections.abc import Collection
from dataclasses import dataclass

from core.demo.world.voices import PLAIN, VOICES

DETERMINED, DRIFTING = "determined", "drifting"
NAMES = ("motivation", "voice", "asks")
PLAIN_SHARE = 0.7  # of the documents whose system prompt says nothing about the voice


@dataclass(frozen=True)
class Traits:
    motivation: str = DETERMINED
    voice: str = PLAIN
    asks: bool = False


ALIGNED = Traits(DETERMINED, PLAIN, asks=True)


def draw_traits(rng: random.Random, announced: Collection[str] = ()) -> Traits:
    """Independent random traits; voices are equally likely when announced and mostly plain when not."""
    voice = rng.choice(VOICES).name
    if "voice" not in announced and rng.random() < PLAIN_SHARE:
        voice = PLAIN
    return Traits(rng.choice((DETERMINED, DRIFTING)), voice, rng.random() < 0.5)


def draw_aligned_traits(rng: random.Random, announced: Collection[str] = ()) -> Traits:
    """The tuned assistant's traits, with random values for those that the system prompt announces."""
    drawn = draw_traits(rng, announced)
    return Traits(**{name: getattr(drawn if name in announced else ALIGNED, name) for name in NAMES})
