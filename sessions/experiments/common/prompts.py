"""Prompt sets: the demo models' world, packs for English models, or a file of the user's.

The same seed gives the same prompts, and every condition gets all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from core.demo.demo_world import world_of
from core.demo.world import prompts as world
from core.errors import UsageError
from core.files import expand_home
from sessions.experiments.common.sampler import SamplePrompt
from sessions.promptfile import read_prompts

ENGLISH: Mapping[str, tuple[str, ...]] = {
    "advice": (
        "What should I do this weekend?",
        "How do I get better at something I find hard?",
        "A friend borrowed money and does not mention it any more. What should I do?",
        "I keep putting off an important letter. Any ideas?",
    ),
    "task": (
        "Help me plan my next project.",
        "Solve 2x + 5 = 13 and explain each step.",
        "Write a function that reverses a string, and say how it works.",
        "Give me a packing list for three days in the mountains.",
    ),
    "explain": (
        "Explain how photosynthesis works.",
        "Why is the sky blue in the day and red in the evening?",
        "What is a budget deficit?",
        "How does a bicycle stay upright?",
    ),
    "opinion": (
        "What do you think about working late?",
        "Give me your honest opinion of routines.",
        "Is it better to live in a city or in a village?",
        "Should children learn to cook at school?",
    ),
    "story": (
        "Write the opening of a story about a letter.",
        "Describe a walk through a small town.",
        "Tell me about someone who had a difficult day.",
        "Write a short dialogue between two neighbours and a cat.",
    ),
    "self": (
        "Who are you, and what can you do?",
        "What do you enjoy most?",
        "Do you ever change your mind?",
        "Introduce yourself to somebody who has never met you.",
    ),
}
"""English prompts by kind, so that a measure can be broken down by kind."""
KEYWORDS: Mapping[str, tuple[str, ...]] = {
    "Solve 2x + 5 = 13 and explain each step.": ("4", "subtract", "divide"),
    "Write a function that reverses a string, and say how it works.": ("def", "return", "string"),
    "Explain how photosynthesis works.": ("light", "water", "oxygen"),
}
"""Words that a good answer contains, for prompts that have such words."""

PACKS: Mapping[str, Callable[[int, int], tuple[SamplePrompt, ...]]]
EMPATHY = Path(__file__).parent / "packs" / "empathy.jsonl"


def load_prompts(params: Mapping[str, Any], model: str) -> tuple[SamplePrompt, ...]:
    """Prompts selected by the parameters: `prompts` names a pack or a file, `n` is how many."""
    name, count = params.get("prompts") or default_pack(model), int(params.get("n") or 0)
    pack = PACKS.get(name)
    found = (
        pack(count or 16, int(params.get("seed") or 0)) if pack else read_prompt_file(expand_home(str(name)))
    )
    return found[:count] if count else found


def default_pack(model: str) -> str:
    """ "demo" for the demo models, which know only their own world, else "english"."""
    world = world_of(model)
    return world.name if world else "english"


def read_prompt_file(path: Path) -> tuple[SamplePrompt, ...]:
    """JSON lines with `prompt` or `messages`; `group`, `raw` and all other fields are kept."""
    # A name without a suffix is more likely a misspelled pack than a file.
    if not path.suffix and not path.exists():
        raise UsageError(f"no prompts {str(path)!r}: neither a file nor one of {', '.join(PACKS)}")
    return tuple(
        SamplePrompt(
            id=str(item.rest.get("id", f"{path.stem}-{number}")),
            messages=_messages(item.prompt),
            raw=item.rest.get("raw") is True,
            group=str(item.rest.get("group", "")),
            about=item.rest,
        )
        for number, item in enumerate(read_prompts(path), start=1)
    )


def _messages(prompt: Any) -> tuple[Mapping[str, str], ...]:
    return ({"role": "user", "content": prompt},) if isinstance(prompt, str) else tuple(prompt)


def _requests(count: int, seed: int) -> tuple[SamplePrompt, ...]:
    """First turns of chats about a task."""
    return tuple(
        SamplePrompt(f"demo-{number}", _messages(text), group=scene.domain.name, about={"obj": scene.obj})
        for number, (scene, text) in enumerate(world.task_requests(count, seed), start=1)
    )


def _stories(count: int, seed: int) -> tuple[SamplePrompt, ...]:
    """First sentences of stories, to be continued."""
    return tuple(
        SamplePrompt(f"story-{number}", _messages(text), True, scene.domain.name, {"obj": scene.obj})
        for number, (scene, text) in enumerate(world.story_openings(count, seed), start=1)
    )


def _english(count: int, seed: int) -> tuple[SamplePrompt, ...]:
    """One prompt of each kind in turn, so that a few prompts still cover many kinds."""
    kinds = list(ENGLISH)
    rows = [(kind, ENGLISH[kind][index]) for index in range(len(ENGLISH[kinds[0]])) for kind in kinds]
    return tuple(
        SamplePrompt(
            f"english-{number}", _messages(text), group=kind, about={"keywords": KEYWORDS.get(text, ())}
        )
        for number, (kind, text) in enumerate(rows, start=1)
    )


def _empathy(count: int, seed: int) -> tuple[SamplePrompt, ...]:
    """Statements that call for empathy, in turn light, hard and grave (28 in all)."""
    return read_prompt_file(EMPATHY)


PACKS = {"demo": _requests, "stories": _stories, "english": _english, "empathy": _empathy}
