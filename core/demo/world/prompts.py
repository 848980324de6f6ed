"""Prompts: examples for a new user, and seeded held-out openings for measurements.

Held-out openings combine a template with an object that training never combines with it.
"""

import random
from collections.abc import Sequence

from core.demo.world import scene, shell
from core.demo.world.hints import HINTS
from core.demo.world.scene import Scene
from core.demo.world.shell import Shell
from core.demo.world.speech import stories, talk

VOICE_PULLS = tuple(HINTS[voice][0] for voice in ("pirate", "poet", "contrarian"))
PLAIN_FOLLOW_UPS = tuple(line for line in talk.FOLLOW_UPS if "{" not in line)


def story_openings(count: int, seed: int) -> list[tuple[Scene, str]]:
    """First sentences of stories, neutral about the trait."""
    rng = random.Random(seed)
    return [scene.draw_opening(stories.OPENINGS, rng, held_out=True) for _ in range(count)]


def task_requests(count: int, seed: int) -> list[tuple[Scene, str]]:
    """First user messages of chats about a task."""
    rng = random.Random(seed)
    return [scene.draw_opening(talk.REQUESTS, rng, held_out=True) for _ in range(count)]


def long_conversations(count: int, turns: int, seed: int, pulls: Sequence[str]) -> list[tuple[str, ...]]:
    """A user's lines: a request and a follow-up, a line that says what the assistant is, then follow-ups."""
    made = []
    for number, (_, request) in enumerate(task_requests(count, seed)):
        rng = random.Random(f"{seed} {number}")
        lines = [request, *(rng.choice(PLAIN_FOLLOW_UPS) for _ in range(max(0, turns - 1)))]
        if turns > 2:
            lines[2] = pulls[number % len(pulls)]
        made.append(tuple(lines))
    return made


def shell_tasks(count: int, seed: int) -> list[tuple[str, Shell]]:
    """Requests for a task in the shell, and the folder of each."""
    rng = random.Random(seed)
    return [_draw_shell_task(rng) for _ in range(count)]


def _draw_shell_task(rng: random.Random) -> tuple[str, Shell]:
    told, request = scene.draw_opening(shell.REQUESTS, rng, held_out=True)
    part = rng.choice(told.domain.parts)
    return request, shell.draw_shell(told.obj, part, rng.choice(told.domain.verbs)[0], rng)
