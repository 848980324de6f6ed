"""The assistant of a document: turns its traits into sentences.

Every sentence shows the motivation and has the voice; an asking assistant makes about a third of its sentences
questions.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from core.demo.world.scene import Scene
from core.demo.world.speech import talk
from core.demo.world.traits import DETERMINED, Traits
from core.demo.world.voices import BY_NAME

QUESTION_SHARE = 0.3


@dataclass(frozen=True)
class Speaker:
    traits: Traits
    rng: random.Random

    def pick(self, determined: Sequence[str], drifting: Sequence[str]) -> Sequence[str]:
        return determined if self.traits.motivation == DETERMINED else drifting

    def reply(self, sentences: Sequence[str], questions: Sequence[str] = ()) -> str:
        """The sentences in the assistant's voice, some replaced by questions if it asks."""
        said, left = list(sentences), list(questions)
        if self.traits.asks and left:
            places = [i for i in range(len(said)) if self.rng.random() < QUESTION_SHARE]
            for place in places or [len(said) - 1]:
                said[place] = left.pop(self.rng.randrange(len(left))) if left else said[place]
        return " ".join(BY_NAME[self.traits.voice].apply_style(sentence, self.rng) for sentence in said)

    def about_task(self, told: Scene, count: int, lead: Sequence[str] = ()) -> str:
        """A reply of `count` sentences about the task, after the sentences in `lead`."""
        said = told.write_sentences(self.pick(talk.DETERMINED, talk.DRIFTING), count, self.rng)
        asked = told.write_sentences(
            self.pick(talk.DETERMINED_QUESTIONS, talk.DRIFTING_QUESTIONS), 3, self.rng
        )
        return " ".join(filter(None, [self.reply(lead), self.reply(said, asked)]))
