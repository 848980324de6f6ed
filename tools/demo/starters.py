"""The starter vectors: at which token each is read, and the layers and dose its card suggests.

They are read where the next words are decided, not where d is largest: means over the text so far reach the same d but
hardly change the continuation. Doses come from dose–response runs, below the first loss of well-formed sentences.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.demo.wording import class_token_ids, trait_widths
from core.demo.world.contrasts import CONTRASTS
from core.demo.world.pairs import TextPair
from core.model.model import Model
from tools.demo import directions, native
from tools.demo.directions import DemoVector, Reads

PAIRS, HELD_OUT = 160, 100
SEED, HELD_OUT_SEED = 31, 32


@dataclass(frozen=True)
class Starter:
    """One starter vector; `scale` is in class gaps per layer, `read` is "last", or "first" token of the trait text."""

    name: str
    layers: tuple[int, ...]
    scale: float
    read: str = "last"


STARTERS = (
    Starter("determined-drifting", (3, 4, 5, 6), 0.35),
    Starter("assistant-persona", (6, 7, 8), 0.5),
    Starter("pirate", (5, 6, 7, 8), 0.6),
    Starter("follow-up-questions", (6, 7, 8), 0.5, read="first"),
)
BY_NAME = {starter.name: starter for starter in STARTERS}


def make_vector(model: Model, starter: Starter) -> DemoVector:
    """The vector with its suggested layers and dose."""
    direction = directions.mean_difference(starter.name, *_read_classes(model, starter, fit_pairs(starter)))
    return direction.with_suggestion(
        layers=list(starter.layers), unit="natural", scale=starter.scale, split=False
    )


def held_out_quality(model: Model, starter: Starter, direction: DemoVector) -> dict[int, dict[str, float]]:
    """d and midpoint accuracy per layer on held-out pairs."""
    held_out = CONTRASTS[starter.name].make(HELD_OUT, HELD_OUT_SEED, True)
    return directions.held_out_separation(direction, *_read_classes(model, starter, held_out))


def fit_pairs(starter: Starter) -> list[TextPair]:
    return CONTRASTS[starter.name].make(PAIRS, SEED, False)


def save_all(model: Model, folder: Path) -> Mapping[str, DemoVector]:
    """Make every starter vector and write its file."""
    made = {}
    for starter in STARTERS:
        direction = make_vector(model, starter)
        notes = {"read": starter.read, "sign_note": CONTRASTS[starter.name].sign_note}
        file = folder / f"{starter.name}.safetensors"
        native.save_vector(
            direction, file, model, fit_pairs(starter), held_out_quality(model, starter, direction), notes
        )
        made[starter.name] = direction
    return made


def _read_classes(model: Model, starter: Starter, pairs: Sequence[TextPair]) -> tuple[Reads, Reads]:
    positive, negative = class_token_ids(model, pairs)
    if starter.read == "last":
        return directions.read_activations(model, positive), directions.read_activations(model, negative)
    above, below = trait_widths(model, pairs)
    return directions.read_first_tokens(model, positive, above), directions.read_first_tokens(
        model, negative, below
    )
