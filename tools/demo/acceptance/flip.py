"""Flipping a vector in mid-text: the running sentence is finished, the next one should show the other trait."""

from collections.abc import Sequence
from typing import Any

from core.demo.wording import Ids
from core.demo.world.labels import Label, label, sentences
from core.demo.world.traits import DETERMINED, DRIFTING
from core.mixer.mixer import Channel, Mixer
from core.model.model import Model
from tools.demo.chorus import continue_all
from tools.demo.directions import Direction
from tools.demo.figures import share

BEFORE, AFTER = 24, 40
SEED = 5


def flip(
    model: Model, prompts: Sequence[Ids], direction: Direction, layers: Sequence[int], dose: float
) -> dict[str, Any]:
    """How many texts change their trait after a flip, starting from either sign."""
    found = {}
    for name, sign, wanted in (("to_drifting", 1, DRIFTING), ("to_determined", -1, DETERMINED)):
        channel = Channel(direction, scale=sign * dose, unit="natural", layers=tuple(layers))
        texts = _flipped(model, prompts, Mixer((channel,)))
        after = [_next(head, text) for head, text in texts]
        found[name] = {
            "turned": sum(bool(said) and said[0].motivation == wanted for said in after),
            "well_formed": share([one.well_formed for said in after for one in said]),
        }
    return {"n": len(prompts), "layers": list(layers), "dose": dose} | found


def _flipped(model: Model, prompts: Sequence[Ids], mixer: Mixer) -> list[tuple[str, str]]:
    """The text before the flip and the whole text; the end token is suppressed, so that a sentence follows."""
    other = mixer.flip(0)
    rows = continue_all(
        model, prompts, BEFORE + AFTER, SEED, lambda step: mixer if step < BEFORE else other, may_end=False
    )
    return [(model.tokenizer.decode(row[:BEFORE]), model.tokenizer.decode(row)) for row in rows]


def _next(head: str, text: str) -> list[Label]:
    """Labels of the finished sentences that began after the flip."""
    done = len(sentences(head))
    running = not head.rstrip().endswith((".", "!", "?"))
    return [label(sentence) for sentence in sentences(text)[done + running :]]
