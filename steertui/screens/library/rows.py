"""A vector as a table row, and its cosines with the vectors on the desk."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from core.errors import SteerError
from core.mixer.effects import format_layers
from steertui.text import safe_text
from vectors.data import compare
from vectors.library import library
from vectors.library.library import LibraryEntry

COLUMNS = ("name", "fits", "model", "layers", "width", "method", "kept as")
GIVES_WAY = ("width", "method", "kept as", "layers")
"""Columns left out, in this order, when there is no room; the card shows them too."""
GAP = 2
"""Cells around a column."""


def vector_row(entry: LibraryEntry, fits: str) -> list[Text]:
    """The cells as `Text`, because the table would parse `str` as markup."""
    card = entry.card
    kept = "starter" if entry.starter else entry.path.name
    if card is None:
        return [Text(safe_text(word)) for word in (entry.name, "✗", "cannot be read", "", "", "", kept)]
    about = card.about
    words = (
        entry.name,
        fits,
        about.model_id,
        format_layers(card.layers),
        str(card.hidden_size),
        about.method,
        kept,
    )
    return [Text(safe_text(word)) for word in words]


def column_widths(rows: Sequence[Sequence[Text]], room: int) -> dict[int, int]:
    """The columns shown in `room` cells and their widths; a column is shown completely or not at all."""
    widths = {
        at: max([len(name), *(cells[at].cell_len for cells in rows)]) for at, name in enumerate(COLUMNS)
    }
    for name in GIVES_WAY:
        if sum(widths.values()) + GAP * len(widths) <= room:
            break
        del widths[COLUMNS.index(name)]
    return widths


def desk_cosines(entry: LibraryEntry, loaded: Sequence[str]) -> dict[str, float]:
    """Mean cosine over shared layers with each vector on the desk; incomparable ones are left out."""
    found: dict[str, float] = {}
    for name in loaded:
        if name == entry.name or entry.card is None:
            continue
        try:
            mean = compare.layer_cosines(library.load(entry.name, entry.path), library.load(name)).mean
        except SteerError:
            continue
        if mean is not None:
            found[name] = mean
    return found
