"""Whether a vector fits the loaded model: a badge for the table and sentences for its card."""

from __future__ import annotations

from sessions.journal.events import ModelChanged
from vectors.data import compatibility
from vectors.data.card import Card
from vectors.data.model_shape import ModelShape

FITS, DOUBTED, WRONG_WIDTH, WRONG_DEPTH, TOO_LONG = "✓", "~", "✗ width", "✗ depth", "✗ norm"


def shape_of(model: ModelChanged | None) -> ModelShape | None:
    """The loaded model's shape; None while no model is ready."""
    if model is None or model.state != "ready" or not model.facts:
        return None
    facts = model.facts
    half = facts.get("dtype") == "float16"
    return ModelShape(str(facts["name"]), int(facts["n_layers"]), int(facts["hidden_size"]), half=half)


def fit_badge(card: Card | None, shape: ModelShape | None) -> str:
    """One word or sign, readable without colour."""
    if card is None or shape is None:
        return ""
    if card.hidden_size != shape.hidden_size:
        return WRONG_WIDTH
    if max(card.layers) >= shape.n_layers:
        return WRONG_DEPTH
    if compatibility.misfit_reason(card, shape):
        return TOO_LONG
    return DOUBTED if compatibility.compatibility_warnings(card, shape) else FITS


def refusal_reason(card: Card | None, shape: ModelShape | None) -> str:
    """Why the model would refuse the vector; empty if it would not, or if that is not known yet."""
    return compatibility.misfit_reason(card, shape) if card is not None and shape is not None else ""


def fit_warnings(card: Card | None, shape: ModelShape | None) -> tuple[str, ...]:
    """Why the vector does not fit, or warnings to consider before using it."""
    if card is None or shape is None:
        return ()
    reason = refusal_reason(card, shape)
    return (f"does not fit: {reason}",) if reason else compatibility.compatibility_warnings(card, shape)
