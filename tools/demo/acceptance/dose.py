"""Dose–response: the story vector at −1, 0 and +1 class gaps on one layer, compared with a random vector."""

from typing import Any

from core.demo.world import pairs
from core.mixer.mixer import Channel
from core.model.model import Model
from tools.demo.acceptance.prompt_sets import story_prompts
from tools.demo.directions import Quality, fit_vector, read_classes
from vectors.checks.random_vector import random_vector
from vectors.data.metadata import About
from vectors.vector import SteeringVector

COUNT, TRIALS = 200, 60
PAIRS, HELD_OUT = 160, 100
DOSES = (-1.0, 0.0, 1.0)
FLUENT = 0.9
TRIAL_SEED, RANDOM_SEED = 77, 3


def narrative_vector(base: Model) -> tuple[SteeringVector, Quality]:
    """Determined minus drifting stories, mean over the sentences after the opening; held-out quality per layer."""
    fit = pairs.story_pairs(PAIRS, 11, held_out=False)
    test = pairs.story_pairs(HELD_OUT, 12, held_out=True)
    about = About(name="narrative", read="mean")
    return fit_vector(about, read_classes(base, fit, "mean"), read_classes(base, test, "mean"))


def best_layer(base: Model, vector: SteeringVector) -> int:
    """The layer where ±1 class gap changes the determined share most while text stays well-formed.

    It is chosen on separate prompts.
    """
    trial = story_prompts(base, TRIALS, seed=TRIAL_SEED)

    def reach(layer: int) -> float:
        down, up = (trial.figures(base, dose_channel(vector, dose, layer)) for dose in (-1.0, 1.0))
        return up.determined - down.determined if min(up.well_formed, down.well_formed) >= FLUENT else -1.0

    return max(vector.layers, key=reach)


def dose_response(base: Model, vector: SteeringVector, layer: int) -> dict[str, Any]:
    """Determined and well-formed share per dose, and the largest shift by a random vector of the same size."""
    stories = story_prompts(base, COUNT)
    control = random_vector(vector, RANDOM_SEED)
    doses = {dose: stories.figures(base, dose_channel(vector, dose, layer)) for dose in DOSES}
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


def dose_channel(vector: SteeringVector, dose: float, *layers: int) -> Channel:
    return Channel(vector, scale=dose, unit="natural", layers=layers)
