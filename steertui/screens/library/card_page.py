"""A vector's card as text: origin, norms over layers, cosines and warnings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rich.text import Text

from core.mixer.effects import format_layers
from sessions.state.channel_words import format_signed
from steertui.text import safe_text
from steertui.widgets.bars import draw_sparkline
from vectors.data.card import Card
from vectors.library.library import LibraryEntry


def render_card(
    entry: LibraryEntry, cosines: Mapping[str, float], against: Iterable[str], colours: Mapping[str, str]
) -> Text:
    """All known facts, one per line. `against` are warnings about the loaded model."""
    text = Text()
    text.append(safe_text(entry.name), style=f"bold {colours['accent']}")
    if entry.card is None:
        text.append(f"\n{safe_text(entry.problem)}", style=colours["warning"])
        return text
    for name, value in _lines(entry, entry.card):
        text.append(f"\n{name:<11} ", style="dim")
        text.append(safe_text(value))
    for other, cosine in cosines.items():
        text.append(f"\n{'cosine':<11} ", style="dim")
        text.append(f"{format_signed(cosine)} with {safe_text(other)}")
        if abs(cosine) > 0.5:
            text.append(
                "  ⚠ points the same way" if cosine > 0 else "  ⚠ points the opposite way",
                style=colours["warning"],
            )
    for warning in (*against, *entry.card.warnings):
        text.append(f"\n⚠ {safe_text(warning)}", style=colours["warning"])
    return text


def _lines(entry: LibraryEntry, card: Card) -> list[tuple[str, str]]:
    about = card.about
    norms = [card.norms[layer] for layer in sorted(card.norms)]
    lines = [
        ("layers", f"{format_layers(card.layers)}  of width {card.hidden_size}"),
        (
            "norm",
            f"{draw_sparkline(norms, 64, low=0.0)}  {_size(min(norms, default=0))} … {_size(max(norms, default=0))}",
        ),
        ("consistency", consistency_text(card)),
        ("model", about.model_id),
        ("method", " · ".join(filter(None, (about.method, about.read, about.contrast)))),
        ("sign", about.sign_note),
        ("held out", about.holdout.words if about.holdout else ""),
        ("suggests", suggestion_text(card)),
        ("format", f"{card.format}; {card.index_rule}"),
        ("sha256", card.sha256[:16]),
        ("made", about.created),
        ("note", entry.note),
    ]
    return [(name, value) for name, value in lines if value]


def _size(norm: float) -> str:
    return f"{norm:.0f}" if norm >= 100 else f"{norm:.3g}"


def consistency_text(card: Card) -> str:
    """Cosine of neighbouring layers; for a real direction it is far above that of random ones."""
    mean = card.consistency.mean
    if mean is None:
        return ""
    words = f"neighbouring layers agree {format_signed(mean)} (random: within ±{card.consistency.band:.2f})"
    return "; ".join(filter(None, (words, card.consistency.caveat)))


def suggestion_text(card: Card) -> str:
    """The scale and layers that the card suggests."""
    wanted = card.about.suggestion or {}
    words = [f"{wanted['scale']:g} {wanted.get('unit', '')}" if "scale" in wanted else ""]
    words.append(
        f"on layers {format_layers(card.about.suggested_layers)}" if card.about.suggested_layers else ""
    )
    return " ".join(filter(None, words))
