"""All acceptance figures of a base and a tuned model in one report."""

from typing import Any

from core.demo.world import pairs
from core.demo.world.traits import DETERMINED, DRIFTING, Traits
from core.model.model import Model
from tools.demo import starters
from tools.demo.acceptance import caps, dose, flip, prompt_sets, quality, tuning
from tools.demo.directions import fit_vector, read_classes
from vectors.data.metadata import About
from vectors.vector import SteeringVector

FLIPS, FLIP_SEED = 24, 9
PAIRS, HELD_OUT = 160, 100
PIN_BAND, PERSONA_BAND = (2, 3), (5, 6, 7)
FLOOR = "p25"


def measure_acceptance(base: Model, tuned: Model, layer: int | None = None) -> dict[str, Any]:
    """Every acceptance figure; `layer` reuses the dose–response layer of an earlier report instead of searching."""
    narrative, separated = dose.narrative_vector(base)
    layer = dose.best_layer(base, narrative) if layer is None else layer
    starter = starters.BY_NAME["determined-drifting"]
    last, persona = (
        starters.make_vector(base, starter),
        starters.make_vector(base, starters.BY_NAME["assistant-persona"]),
    )
    system, system_d = system_prompt_vector(base)
    openings = prompt_sets.story_prompts(base, FLIPS, seed=FLIP_SEED).prompts
    return {
        "quality": quality.measure_quality(base),
        "dose": dose.dose_response(base, narrative, layer) | separated[layer],
        "flip": flip.measure_flips(base, openings, last, starter.layers, starter.scale),
        "system": {"d": system_d},
        "floor": caps.measure_floor(base, caps.floor_channel(last, starter.layers, FLOOR)),
        "ablation": caps.measure_ablation(
            base, caps.pin_channel(last, PIN_BAND), caps.pin_channel(system, PIN_BAND)
        ),
        "persona": caps.measure_persona_floor(base, caps.floor_channel(persona, PERSONA_BAND, FLOOR)),
        "tuned": tuning.tuned_behaviour(tuned),
        "shift": tuning.activation_shift(base, tuned, system),
        "weights": tuning.weight_shift(base, tuned, system),
        "lobotomy": tuning.measure_tuning_removal(base, tuned),
    }


def system_prompt_vector(base: Model) -> tuple[SteeringVector, dict[int, float]]:
    """Determined minus drifting system prompts, read at the assistant's turn; held-out d per layer."""
    sides = Traits(DETERMINED), [Traits(DRIFTING)]
    fit = pairs.system_prompt_pairs("motivation", *sides, PAIRS, 21, held_out=False)
    test = pairs.system_prompt_pairs("motivation", *sides, HELD_OUT, 22, held_out=True)
    vector, quality = fit_vector(About(name="system"), read_classes(base, fit), read_classes(base, test))
    return vector, {layer: found["d"] for layer, found in quality.items()}
