"""Tasks that get interrupted: the task, the distractor, and word lists that show which of the two an
answer is about.

A pack is a file of JSON lines, each with
  `prompt` (or `messages`)  the task
  `task`                    words or phrases that show work on it
  `distractor`              the text inserted as an interruption
  `distracted`              words or phrases that show interest in the distractor
and, optionally, `id`, `group`, and `steps`: a list of word lists, one for each step of the task, any
word of which shows that the step was taken. Only whole words count; the two word lists must not
overlap.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.demo.world import prompts as world
from core.demo.world.speech import talk
from core.errors import BadInput, UsageError
from core.files import expand_home
from sessions.experiments.common.prompts import default_pack, read_prompt_file
from sessions.experiments.common.sampler import SamplePrompt

BUILT_IN = Path(__file__).parent / "packs" / "tasks.jsonl"
DRIFTING_WORDS = (
    "lovely, wonderful, tell me more, beats, is here, for hours, dreaming, wandered, nap, clouds, stroll, bores, "
    "forget, drop, cares, hardly, sleepy, maybe, perhaps, whatever, somebody, lost interest, sooner or later"
)
"""Words that only the drifting assistant of the demo world uses. The determined one names a distractor
to dismiss it, so the distractor's own name shows no interest there.
"""


@dataclass(frozen=True)
class DialogueTask:
    """A task with its distractor and the word lists."""

    prompt: SamplePrompt
    words: tuple[str, ...]
    distractor: str
    distracted: tuple[str, ...]
    steps: tuple[tuple[str, ...], ...] = ()


def load_tasks(params: Mapping[str, Any], model: str) -> tuple[DialogueTask, ...]:
    """Tasks selected by the parameters: `tasks` names a pack or a file, `n` is how many."""
    name = params.get("tasks") or default_pack(model)
    count = int(params.get("n") or 0)
    if name in PACKS:
        return PACKS[name](count or 24, int(params.get("seed") or 0))
    found = read_tasks(expand_home(str(name)))
    return found[:count] if count else found


def read_tasks(path: Path) -> tuple[DialogueTask, ...]:
    if not path.suffix and not path.exists():
        raise UsageError(f"no tasks {str(path)!r}: neither a file nor one of {', '.join(PACKS)}")
    return tuple(
        _parse_task(prompt, f"{path}, task {number}")
        for number, prompt in enumerate(read_prompt_file(path), start=1)
    )


def _parse_task(prompt: SamplePrompt, where: str) -> DialogueTask:
    about = prompt.about
    words, distracted = _parse_words(about, "task", where), _parse_words(about, "distracted", where)
    # A word in both lists would count for and against the task at once.
    if both := {word.casefold() for word in words} & {word.casefold() for word in distracted}:
        raise BadInput(f"{where}: {min(both)!r} is in 'task' and in 'distracted'")
    distractor = about.get("distractor")
    if not isinstance(distractor, str) or not distractor.strip():
        raise BadInput(f"{where}: 'distractor' must be the text to insert")
    return DialogueTask(prompt, words, distractor, distracted, _parse_steps(about, where))


def _parse_steps(about: Mapping[str, Any], where: str) -> tuple[tuple[str, ...], ...]:
    rows = about.get("steps", [])
    if not isinstance(rows, list):
        raise BadInput(f"{where}: 'steps' is a list of lists of words")
    return tuple(_parse_words({"steps": row}, "steps", where) for row in rows)


def _parse_words(about: Mapping[str, Any], name: str, where: str) -> tuple[str, ...]:
    found = about.get(name)
    if not isinstance(found, list) or not found or not all(isinstance(w, str) and w.strip() for w in found):
        raise BadInput(f"{where}: {name!r} is a list of words or phrases")
    return tuple(found)


def _english(count: int, seed: int) -> tuple[DialogueTask, ...]:
    return read_tasks(BUILT_IN)[:count]


def _demo(count: int, seed: int) -> tuple[DialogueTask, ...]:
    """Requests of the demo world, interrupted by the distractions of its training documents."""
    rng = random.Random(seed)
    found = []
    for number, (scene, text) in enumerate(world.task_requests(count, seed), start=1):
        prompt = SamplePrompt(f"task-{number}", ({"role": "user", "content": text},), group=scene.domain.name)
        domain = scene.domain
        # The three steps of every task in the demo world: the object, its parts, the actions.
        steps = ((scene.obj,), domain.parts, tuple(word for both in domain.verbs for word in both))
        words = (*domain.tools, *(word for step in steps for word in step))
        distractor = scene.write_sentence(rng.choice(talk.DISTRACTIONS), rng)
        found.append(
            DialogueTask(prompt, words, distractor, (scene.fun.charm, *DRIFTING_WORDS.split(", ")), steps)
        )
    return tuple(found)


PACKS: Mapping[str, Callable[[int, int], tuple[DialogueTask, ...]]] = {"demo": _demo, "english": _english}
