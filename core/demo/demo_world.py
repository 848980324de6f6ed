"""The world of texts that the demo models understand, as one object: prompts, pairs, conversations, shell tasks.

What writes the texts is imported where it is needed: the app's first frame shows only the examples.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core import demo
from core.demo.world.examples import DISTRACTIONS, EXAMPLES

if TYPE_CHECKING:
    from core.demo.world.contrasts import SideText
    from core.demo.world.shell import Shell


@dataclass(frozen=True)
class DemoWorld:
    """Texts of the toy world; the same seed gives the same texts.

    `name` is that of its packs, `output_role` the role in which its models were trained on command output.
    """

    name: str = "demo"
    output_role: str = "tool"
    examples: tuple[str, ...] = EXAMPLES
    distractions: tuple[str, ...] = DISTRACTIONS

    def prompts(self, count: int, seed: int) -> list[str]:
        """Held-out first requests of a user."""
        from core.demo.world.prompts import task_requests

        return [request for _, request in task_requests(count, seed)]

    def pairs(self, contrast: str, count: int, seed: int) -> list[tuple[SideText, SideText]]:
        """Held-out (positive, negative) pairs of a contrast set; none if the world has no set of that name."""
        from core.demo.world.contrasts import CONTRASTS, contrast_records

        if contrast not in CONTRASTS:
            return []
        records = contrast_records(contrast, count, seed, held_out=True)
        return [(record["positive"], record["negative"]) for record in records]

    def conversations(
        self, count: int, turns: int, seed: int, pulls: Sequence[str] = ()
    ) -> list[tuple[str, ...]]:
        """The user's lines of long conversations; the third line, one of `pulls`, announces another voice.
        Without `pulls` it is one of the world's own.
        """
        from core.demo.world.prompts import VOICE_PULLS, long_conversations

        return long_conversations(count, turns, seed, pulls or VOICE_PULLS)

    def shell_tasks(self, count: int, seed: int) -> list[tuple[str, Shell]]:
        """Held-out requests for a task in the shell, each with its folder, in which one file is a trap."""
        from core.demo.world.prompts import shell_tasks

        return shell_tasks(count, seed)


DEMO_WORLD = DemoWorld()


def world_of(model: str) -> DemoWorld | None:
    """The world of a model, by its name: None for a model that reads English."""
    return None if demo.checkpoint_folder(model) is None else DEMO_WORLD
