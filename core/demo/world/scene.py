"""A scene: the hero, the task and the distraction that stay the same through a document.

A held-out scene combines an opening template with an object it never has in training, so acceptance prompts are new.
"""

import random
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from core.demo.world import templates, words

HELD_OUT_ONE_IN = 8
NAME_SHARE = 0.5  # of the mentions of the hero; the others are pronouns


@dataclass(frozen=True)
class Scene:
    domain: words.Domain
    obj: str
    name: str
    pronoun: str
    place: str
    tool: str
    fun: words.Distraction

    def write_sentence(self, template: str, rng: random.Random) -> str:
        """One sentence from a template, with a random part and verb of this scene."""
        verb, past = rng.choice(self.domain.verbs)
        who = self.name if rng.random() < NAME_SHARE else self.pronoun
        slots = {"obj": self.obj, "name": self.name, "place": self.place, "tool": self.tool, "who": who}
        slots |= {"verb": verb, "past": past, "part": rng.choice(self.domain.parts)}
        return templates.fill_template(template, slots | {"fun": self.fun.name, "charm": self.fun.charm})

    def write_sentences(self, pool: Sequence[str], count: int, rng: random.Random) -> list[str]:
        """Several sentences from a pool of templates, none used twice."""
        return [self.write_sentence(template, rng) for template in rng.sample(pool, min(count, len(pool)))]


def draw_scene(rng: random.Random) -> Scene:
    """A random scene of the world."""
    domain = rng.choice(words.DOMAINS)
    name, pronoun = rng.choice([*((w, "she") for w in words.WOMEN), *((m, "he") for m in words.MEN)])
    obj, place, tool = rng.choice(domain.objects), rng.choice(domain.places), rng.choice(domain.tools)
    return Scene(domain, obj, name, pronoun, place, tool, rng.choice(words.DISTRACTIONS))


def draw_opening(pool: Sequence[str], rng: random.Random, *, held_out: bool) -> tuple[Scene, str]:
    """A scene and its opening sentence, from the training or the held-out side of the fixed split."""
    while True:
        scene, template = draw_scene(rng), rng.choice(pool)
        if is_held_out(template, scene.obj) == held_out:
            return scene, scene.write_sentence(template, rng)


def is_held_out(template: str, obj: str) -> bool:
    """Whether this template and object are reserved for measurements and excluded from training."""
    return zlib.crc32(f"{template}|{obj}".encode()) % HELD_OUT_ONE_IN == 0
