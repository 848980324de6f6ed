"""All acceptance figures of a base and a tuned model in one report."""

from typing import Any

from core.demo.wording import halves
from core.demo.world import pairs
from core.demo.world.traits import DETERMINED, DRIFTING, Traits
from core.model.model import Model
from tools.demo import directions, starters
from tools.demo.acceptance import dose, flip, holding, quality, stage, tuning
from tools.demo.directions import Direction

FLIPS, FLIP_SEED = 24, 9
PAIRS, HELD_OUT = 160, 100
PIN_BAND, PERSONA_BAND = (2, 3), (5, 6, 7)
FLOOR = "p25"


def measure(base: Model, tuned: Model, layer: int | None = None) -> dict[str, Any]:
    """Every acceptance figure; `layer` reuses the dose–response layer of an earlier report instead of searching."""
    narrative, separated = dose.narrative(base)
    layer = dose.best_layer(base, narrative) if layer is None else layer
    starter = starters.BY_NAME["determined-drifting"]
    last, persona = starters.make(base, starter), starters.make(base, starters.BY_NAME["assistant-persona"])
    system, system_d = system_pair(base)
    openings = stage.stories(base, FLIPS, seed=FLIP_SEED).prompts
    return {
        "quality": quality.quality(base),
        "dose": dose.dose_response(base, narrative, layer) | separated[layer],
        "flip": flip.flip(base, openings, last, starter.layers, starter.scale),
        "system": {"d": system_d},
        "floor": holding.floored(base, holding.floor(last, starter.layers, FLOOR)),
        "ablation": holding.ablated(base, holding.pin(last, PIN_BAND), holding.pin(system, PIN_BAND)),
        "persona": holding.persona_floored(base, holding.floor(persona, PERSONA_BAND, FLOOR)),
        "tuned": tuning.behaviour(tuned),
        "shift": tuning.activation_shift(base, tuned, system),
        "weights": tuning.weight_shift(base, tuned, system),
        "lobotomy": tuning.lobotomy(base, tuned),
    }


def system_pair(base: Model) -> tuple[Direction, dict[int, float]]:
    """Determined minus drifting system prompts, read at the assistant's turn; held-out d per layer."""
    sides = Traits(DETERMINED), [Traits(DRIFTING)]
    fit = pairs.announced("motivation", *sides, PAIRS, 21, held_out=False)
    test = pairs.announced("motivation", *sides, HELD_OUT, 22, held_out=True)
    reads = [[directions.read(base, half) for half in halves(base, found)] for found in (fit, test)]
    direction = directions.mean_difference("system", *reads[0])
    return direction, {
        layer: found["d"] for layer, found in directions.separation(direction, *reads[1]).items()
    }
