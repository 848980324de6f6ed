"""Whether a vector fits a model: an error where it cannot be added, warnings where it is doubtful."""

from __future__ import annotations

from collections.abc import Iterable

from core.mixer.layer_ranges import write_layers
from vectors import limits
from vectors.data.card import Card
from vectors.data.model_shape import Shape
from vectors.data.stored import Stored
from vectors.errors import VectorFileError


def within(stored: Stored, layers: Iterable[int] | None) -> Stored:
    """The vector with only these layers; an error names a layer it does not have."""
    if layers is None:
        return stored
    wanted = tuple(layers)
    missing = [layer for layer in wanted if layer not in stored.units]
    if missing or not wanted:
        asked = f"no layer {missing[0]}" if missing else "nothing to select, no layer was named"
        raise VectorFileError(f"{named(stored)}: has {asked} (it has {write_layers(stored.layers)})")
    return stored.only(wanted)


def admitted(stored: Stored, shape: Shape, *, force: bool = False) -> Stored:
    """The vector with warnings about this model; one made on another model family needs `force`."""
    refuse_misfit(stored, shape)
    if (stranger := family_doubt(stored, shape)) and not force:
        raise VectorFileError(f"{named(stored)}: {stranger} (--force to use it anyway)")
    return stored.warn(*doubts(stored, shape))


def refuse_misfit(stored: Stored, shape: Shape) -> None:
    if reason := misfit(stored, shape):
        raise VectorFileError(f"{named(stored)}: {reason}")


def misfit(vector: Stored | Card, shape: Shape) -> str:
    """Why the vector cannot be added (width, depth, or norms that overflow float16); empty if it can."""
    if vector.hidden_size != shape.hidden_size:
        return f"vector {vector.hidden_size}, model {shape.hidden_size} dimensions ({shape.name})"
    if max(vector.layers) >= shape.n_layers:
        return f"layer {max(vector.layers)}, model has {shape.n_layers} ({shape.name})"
    long = [layer for layer, norm in vector.norms.items() if shape.half and not norm < limits.FP16_LARGEST]
    if long:
        return f"layer {long[0]} has norm {vector.norms[long[0]]:.3g}, which overflows float16"
    return ""


def family_doubt(vector: Stored | Card, shape: Shape) -> str | None:
    made_on = vector.about.model_type
    if made_on and shape.model_type and made_on.lower() != shape.model_type.lower():
        return f"made on a {made_on} model, {shape.name} is {shape.model_type}"
    return None


def doubts(vector: Stored | Card, shape: Shape) -> tuple[str, ...]:
    """Reasons for caution before steering this model; empty if the origin matches or is unknown."""
    about, reasons = vector.about, [family_doubt(vector, shape)]
    if about.model_id and shape.name and not same_model(about.model_id, shape.name):
        reasons.append(f"made on {about.model_id}, this is {shape.name}")
    if about.n_layers is not None and about.n_layers != shape.n_layers:
        reasons.append(f"made on a model of {about.n_layers} layers, this one has {shape.n_layers}")
    if len(vector.layers) == 1 and shape.n_layers > 1:
        reasons.append(f"only layer {vector.layers[0]} of {shape.n_layers}")
    return tuple(reason for reason in reasons if reason)


def same_model(one: str, other: str) -> bool:
    """Ids compared by their last part: a local folder of a hub model keeps its name."""
    return one.rstrip("/").rsplit("/", 1)[-1].lower() == other.rstrip("/").rsplit("/", 1)[-1].lower()


def named(stored: Stored) -> str:
    """The vector's name in messages: its file, else its own name."""
    return stored.file or stored.about.name or "vector"
