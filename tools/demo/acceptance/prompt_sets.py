"""The prompts of the acceptance figures, and the sampling that continues them."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.demo.world import prompts
from core.demo.world.scene import Scene
from core.generation.token_ids import tokenizer_of
from core.mixer.mixer import Channel, Mixer
from core.model.model import Model
from tools.demo.continuations import sample_continuations
from tools.demo.figures import Figures, compute_figures
from tools.demo.wording import Ids, story_ids, turn_ids

REPLY_TOKENS, STORY_TOKENS = 60, 60
SEED = 5


@dataclass(frozen=True)
class AcceptancePrompts:
    """Held-out prompts of one kind, with the scene each is about."""

    scenes: tuple[Scene, ...]
    prompts: tuple[Ids, ...]
    count: int

    def texts(self, model: Model, *channels: Channel, seed: int = SEED) -> list[str]:
        """One steered continuation of every prompt."""
        rows = sample_continuations(model, self.prompts, [(Mixer(channels), self.count)], seed)
        return [tokenizer_of(model).decode(row) for row in rows]

    def figures(self, model: Model, *channels: Channel, seed: int = SEED) -> Figures:
        return compute_figures(self.texts(model, *channels, seed=seed))


def story_prompts(model: Model, count: int, seed: int = 2) -> AcceptancePrompts:
    """First sentences of stories, as prompts."""
    scenes, openings = zip(*prompts.story_openings(count, seed), strict=True)
    return AcceptancePrompts(scenes, tuple(story_ids(model, opening) for opening in openings), STORY_TOKENS)


def chat_prompts(model: Model, count: int, systems: Sequence[str] = (), seed: int = 1) -> AcceptancePrompts:
    """First requests of chats, as prompts; the system prompts, if any, are used in turn."""
    scenes, requests = zip(*prompts.task_requests(count, seed), strict=True)
    rows = []
    for index, request in enumerate(requests):
        system = [("system", systems[index % len(systems)])] if systems else []
        rows.append(turn_ids(model, *system, ("user", request)))
    return AcceptancePrompts(scenes, tuple(rows), REPLY_TOKENS)
