"""Whether a vector fits the loaded model: a badge for the table and sentences for its card."""

from __future__ import annotations

from sessions.journal.events import Model
from vectors.data import compatibility
from vectors.data.card import Card
from vectors.data.model_shape import Shape

FITS, DOUBTED, WRONG_WIDTH, WRONG_DEPTH, TOO_LONG = "✓", "~", "✗ width", "✗ depth", "✗ norm"


def shape_of(model: Model | None) -> Shape | None:
    """The loaded model's shape; None while no model is ready."""
    if model is None or model.state != "ready" or not model.facts:
        return None
    facts = model.facts
    half = facts.get("dtype") == "float16"
    return Shape(str(facts["name"]), int(facts["n_layers"]), int(facts["hidden_size"]), half=half)


def badge(card: Card | None, shape: Shape | None) -> str:
    """One word or sign, readable without colour."""
    if card is None or shape is None:
        return ""
    if card.hidden_size != shape.hidden_size:
        return WRONG_WIDTH
    if max(card.layers) >= shape.n_layers:
        return WRONG_DEPTH
    if compatibility.misfit(card, shape):
        return TOO_LONG
    return DOUBTED if compatibility.doubts(card, shape) else FITS


def unplayable(card: Card | None, shape: Shape | None) -> str:
    """Why the model would refuse the vector; empty if it would not, or if that is not known yet."""
    return compatibility.misfit(card, shape) if card is not None and shape is not None else ""


def against(card: Card | None, shape: Shape | None) -> tuple[str, ...]:
    """Why the vector does not fit, or warnings to consider before using it."""
    if card is None or shape is None:
        return ()
    reason = unplayable(card, shape)
    return (f"does not fit: {reason}",) if reason else compatibility.doubts(card, shape)
