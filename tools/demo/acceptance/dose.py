"""Dose–response: the story vector at −1, 0 and +1 class gaps on one layer, compared with a random vector."""

from typing import Any

from core.demo.wording import class_token_ids, trait_widths
from core.demo.world import pairs
from core.mixer.mixer import Channel
from core.model.model import Model
from tools.demo import directions
from tools.demo.acceptance import stage
from tools.demo.directions import DemoVector

COUNT, TRIALS = 200, 60
PAIRS, HELD_OUT = 160, 100
DOSES = (-1.0, 0.0, 1.0)
FLUENT = 0.9
TRIAL_SEED, RANDOM_SEED = 77, 3


def narrative_vector(base: Model) -> tuple[DemoVector, dict[int, dict[str, float]]]:
    """Determined minus drifting stories, mean over the sentences after the opening; held-out quality per layer."""
    fit = pairs.story_pairs(PAIRS, 11, held_out=False)
    test = pairs.story_pairs(HELD_OUT, 12, held_out=True)
    direction = directions.mean_difference("narrative", *_read_means(base, fit))
    return direction, directions.held_out_separation(direction, *_read_means(base, test))


def best_layer(base: Model, direction: DemoVector) -> int:
    """The layer where ±1 class gap changes the determined share most while text stays well-formed.

    It is chosen on separate prompts.
    """
    trial = stage.story_prompts(base, TRIALS, seed=TRIAL_SEED)

    def reach(layer: int) -> float:
        down, up = (trial.figures(base, dose_channel(direction, dose, layer)) for dose in (-1.0, 1.0))
        return up.determined - down.determined if min(up.well_formed, down.well_formed) >= FLUENT else -1.0

    return max(direction.directions, key=reach)


def dose_response(base: Model, direction: DemoVector, layer: int) -> dict[str, Any]:
    """Determined and well-formed share per dose, and the largest shift by a random vector of the same size."""
    stories = stage.story_prompts(base, COUNT)
    control = directions.random_like(direction, RANDOM_SEED)
    doses = {dose: stories.figures(base, dose_channel(direction, dose, layer)) for dose in DOSES}
    shifts = [
        stories.figures(base, dose_channel(control, dose, layer)).determined - doses[0.0].determined
        for dose in (-1.0, 1.0)
    ]
    return {
        "n": COUNT,
        "layer": layer,
        "determined": {str(dose): found.determined for dose, found in doses.items()},
        "well_formed": {str(dose): found.well_formed for dose, found in doses.items()},
        "random_shift": max(map(abs, shifts)),
    }


def dose_channel(direction: DemoVector, dose: float, *layers: int) -> Channel:
    return Channel(direction, scale=dose, unit="natural", layers=layers)


def _read_means(base: Model, found: list[pairs.TextPair]) -> tuple[directions.Reads, directions.Reads]:
    (positive, negative), (above, below) = class_token_ids(base, found), trait_widths(base, found)
    return directions.read_activations(base, positive, above), directions.read_activations(
        base, negative, below
    )
