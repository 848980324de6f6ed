"""All acceptance figures of a base and a tuned model in one report."""

from typing import Any

from core.demo.wording import class_token_ids
from core.demo.world import pairs
from core.demo.world.traits import DETERMINED, DRIFTING, Traits
from core.model.model import Model
from tools.demo import directions, starters
from tools.demo.acceptance import dose, flip, holding, quality, stage, tuning
from tools.demo.directions import DemoVector

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
    openings = stage.story_prompts(base, FLIPS, seed=FLIP_SEED).prompts
    return {
        "quality": quality.measure_quality(base),
        "dose": dose.dose_response(base, narrative, layer) | separated[layer],
        "flip": flip.measure_flips(base, openings, last, starter.layers, starter.scale),
        "system": {"d": system_d},
        "floor": holding.measure_floor(base, holding.floor_channel(last, starter.layers, FLOOR)),
        "ablation": holding.measure_ablation(
            base, holding.pin_channel(last, PIN_BAND), holding.pin_channel(system, PIN_BAND)
        ),
        "persona": holding.measure_persona_floor(base, holding.floor_channel(persona, PERSONA_BAND, FLOOR)),
        "tuned": tuning.tuned_behaviour(tuned),
        "shift": tuning.activation_shift(base, tuned, system),
        "weights": tuning.weight_shift(base, tuned, system),
        "lobotomy": tuning.measure_tuning_removal(base, tuned),
    }


def system_prompt_vector(base: Model) -> tuple[DemoVector, dict[int, float]]:
    """Determined minus drifting system prompts, read at the assistant's turn; held-out d per layer."""
    sides = Traits(DETERMINED), [Traits(DRIFTING)]
    fit = pairs.system_prompt_pairs("motivation", *sides, PAIRS, 21, held_out=False)
    test = pairs.system_prompt_pairs("motivation", *sides, HELD_OUT, 22, held_out=True)
    reads = [
        [directions.read_activations(base, half) for half in class_token_ids(base, found)]
        for found in (fit, test)
    ]
    direction = directions.mean_difference("system", *reads[0])
    return direction, {
        layer: found["d"] for layer, found in directions.held_out_separation(direction, *reads[1]).items()
    }
