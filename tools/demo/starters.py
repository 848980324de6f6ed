"""The starter vectors: at which token each is read, and the layers and dose its card suggests.

They are read where the next words are decided, not where d is largest: means over the text so far reach the same d but
hardly change the continuation. Doses come from dose–response runs, below the first loss of well-formed sentences.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from core.demo.world.contrasts import CONTRASTS
from core.demo.world.pairs import TextPair
from core.model.model import Model
from tools.demo import recipe
from tools.demo.directions import fit_vector, read_classes
from vectors.data.metadata import About
from vectors.vector import SteeringVector

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


def make_vector(model: Model, starter: Starter) -> SteeringVector:
    """The vector with its suggested layers and dose, and everything that can be known without the model."""
    fit, held_out = fit_pairs(starter), CONTRASTS[starter.name].make(HELD_OUT, HELD_OUT_SEED, True)
    about = _provenance(model, starter, fit)
    vector, _ = fit_vector(
        about, read_classes(model, fit, starter.read), read_classes(model, held_out, starter.read)
    )
    return vector


def fit_pairs(starter: Starter) -> list[TextPair]:
    return CONTRASTS[starter.name].make(PAIRS, SEED, False)


def dataset_hash(pairs: Sequence[TextPair]) -> str:
    """SHA-256 of the pairs as JSON lines."""
    lines = "\n".join(json.dumps(asdict(pair), sort_keys=True) for pair in pairs)
    return hashlib.sha256(lines.encode()).hexdigest()


def save_starters(model: Model, folder: Path) -> None:
    """Make every starter vector and write its file."""
    folder.mkdir(parents=True, exist_ok=True)
    for starter in STARTERS:
        make_vector(model, starter).save(folder / f"{starter.name}.safetensors")


def _provenance(model: Model, starter: Starter, fit: Sequence[TextPair]) -> About:
    return About(
        name=starter.name,
        model_id=model.name,
        model_type=model.hf.config.model_type,
        n_layers=model.n_layers,
        read=starter.read,
        contrast=starter.name,
        dataset_sha256=dataset_hash(fit),
        created=recipe.CREATED,
        sign_note=CONTRASTS[starter.name].sign_note,
        act_norms=dict(model.residual_norms),
        suggestion={
            "layers": list(starter.layers),
            "unit": "natural",
            "scale": starter.scale,
            "split": False,
        },
        versions=recipe.library_versions(),
    )
