"""Whether a vector fits a model: an error where it cannot be added, warnings where it is doubtful."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vectors import limits
from vectors.data.card import Card
from vectors.data.metadata import SITES
from vectors.data.model_shape import ModelShape
from vectors.errors import VectorFileError

if TYPE_CHECKING:
    from vectors.vector import SteeringVector


def admit_vector(vector: SteeringVector, shape: ModelShape, *, force: bool = False) -> SteeringVector:
    """The vector with warnings about this model; one made on another model family needs `force`."""
    # A vector that cannot be added is refused whatever `force` says; a foreign family may be tried.
    refuse_misfit(vector, shape)
    if (stranger := family_mismatch(vector, shape)) and not force:
        raise VectorFileError(f"{vector.label}: {stranger} (--force to use it anyway)")
    return vector.warn(*compatibility_warnings(vector, shape))


def refuse_misfit(vector: SteeringVector, shape: ModelShape) -> None:
    if reason := misfit_reason(vector, shape):
        raise VectorFileError(f"{vector.label}: {reason}")


def misfit_reason(vector: SteeringVector | Card, shape: ModelShape) -> str:
    """Why the vector cannot be added (site, width, depth, norms that overflow float16); empty if it can."""
    if vector.about.site != SITES[0]:
        return (
            f"made for site {vector.about.site}; only vectors of the block output ({SITES[0]}) can be added"
        )
    if vector.hidden_size != shape.hidden_size:
        return f"vector {vector.hidden_size}, model {shape.hidden_size} dimensions ({shape.name})"
    if max(vector.layers) >= shape.n_layers:
        return f"layer {max(vector.layers)}, model has {shape.n_layers} ({shape.name})"
    # `not <` instead of `>=`: true of NaN as well.
    long = [layer for layer, norm in vector.norms.items() if shape.half and not norm < limits.FP16_LARGEST]
    if long:
        return f"layer {long[0]} has norm {vector.norms[long[0]]:.3g}, which overflows float16"
    return ""


def family_mismatch(vector: SteeringVector | Card, shape: ModelShape) -> str | None:
    made_on = vector.about.model_type
    if made_on and shape.model_type and made_on.lower() != shape.model_type.lower():
        return f"made on a {made_on} model, {shape.name} is {shape.model_type}"
    return None


def compatibility_warnings(vector: SteeringVector | Card, shape: ModelShape) -> tuple[str, ...]:
    """Reasons for caution before steering this model; empty if the origin matches or is unknown."""
    about, reasons = vector.about, [family_mismatch(vector, shape)]
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
