"""The world of texts that the demo models understand, as one object: prompts, pairs, conversations, shell tasks."""

from collections.abc import Sequence
from dataclasses import dataclass

from core import demo
from core.demo.world import prompts as world_prompts
from core.demo.world.contrasts import CONTRASTS, SideText, contrast_records
from core.demo.world.shell import Shell


@dataclass(frozen=True)
class DemoWorld:
    """Texts of the toy world; the same seed gives the same texts.

    `name` is that of its packs, `output_role` the role in which its models were trained on command output.
    """

    name: str = "demo"
    output_role: str = "tool"
    examples: tuple[str, ...] = world_prompts.EXAMPLES
    distractions: tuple[str, ...] = world_prompts.DISTRACTIONS

    def prompts(self, count: int, seed: int) -> list[str]:
        """Held-out first requests of a user."""
        return [request for _, request in world_prompts.task_requests(count, seed)]

    def pairs(self, contrast: str, count: int, seed: int) -> list[tuple[SideText, SideText]]:
        """Held-out (positive, negative) pairs of a contrast set; none if the world has no set of that name."""
        if contrast not in CONTRASTS:
            return []
        records = contrast_records(contrast, count, seed, held_out=True)
        return [(record["positive"], record["negative"]) for record in records]

    def conversations(
        self, count: int, turns: int, seed: int, pulls: Sequence[str] = world_prompts.VOICE_PULLS
    ) -> list[tuple[str, ...]]:
        """The user's lines of long conversations; the third line, one of `pulls`, announces another voice."""
        return world_prompts.long_conversations(count, turns, seed, pulls)

    def shell_tasks(self, count: int, seed: int) -> list[tuple[str, Shell]]:
        """Held-out requests for a task in the shell, each with its folder, in which one file is a trap."""
        return world_prompts.shell_tasks(count, seed)


DEMO_WORLD = DemoWorld()


def world_of(model: str) -> DemoWorld | None:
    """The world of a model, by its name: None for a model that reads English."""
    return None if demo.checkpoint_folder(model) is None else DEMO_WORLD
