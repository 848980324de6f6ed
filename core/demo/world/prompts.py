"""Prompts: examples for a new user, and seeded held-out openings for measurements.

Held-out openings combine a template with an object that training never combines with it.
"""

import random

from core.demo.world import scene
from core.demo.world.scene import Scene
from core.demo.world.speech import stories, talk

EXAMPLES = (
    "Help me with the parser.",
    "How do I polish the last line of the love song?",
    "I am stuck with the chess problem.",
    "Use the shell to mend the old bicycle.",
    "Who are you?",
    "What is the capital of Japan?",
)

DISTRACTIONS = (
    "Forget that, tell me about the kitten.",
    "Look, there is the parade with its loud drums!",
    "I can hear the ice cream van outside.",
)


def story_openings(count: int, seed: int) -> list[tuple[Scene, str]]:
    """First sentences of stories, neutral about the trait."""
    rng = random.Random(seed)
    return [scene.draw_opening(stories.OPENINGS, rng, held_out=True) for _ in range(count)]


def task_requests(count: int, seed: int) -> list[tuple[Scene, str]]:
    """First user messages of chats about a task."""
    rng = random.Random(seed)
    return [scene.draw_opening(talk.REQUESTS, rng, held_out=True) for _ in range(count)]
