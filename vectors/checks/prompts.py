"""General prompts, for vectors without a contrast set."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from core.demo.demo_world import world_of

if TYPE_CHECKING:
    from core.model.model import Model

SEED = 8
PROMPTS = (
    "What should I do this weekend?",
    "Describe a walk through a small town.",
    "Help me plan my next project.",
    "Tell me about someone who had a difficult day.",
    "What do you think about working late?",
    "Write the opening of a story about a letter.",
    "How do I get better at something I find hard?",
    "Give me your honest opinion of routines.",
)


def default_prompts(model: Model, count: int = len(PROMPTS)) -> Sequence[str]:
    """The default prompts; the demo models get prompts from their own small world."""
    world = world_of(model.name)
    return world.prompts(count, SEED) if world else PROMPTS[:count]
