"""Figure files: format, style, and the error when a plot cannot be drawn.

The same numbers give the same bytes: no date is written, and ids in an SVG follow from its content. A
dollar sign in a text does not start a formula.
"""

from __future__ import annotations

import importlib.util
import io
import threading
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import UsageError
from core.files import expand_home, write_atomic
from vectors.errors import printable_name
from vectors.files.target import check_writable, ensure_writable

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SUFFIXES = (".png", ".svg")
# Okabe & Ito 2008: eight colours that stay apart for the colour-blind; yellow left out, too pale for a line.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000")
QUIET = "#888888"
STYLE: Mapping[str, str | int] = {
    "svg.hashsalt": "steertui",
    "svg.fonttype": "none",
    "text.parse_math": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": "medium",
    "legend.frameon": False,
    "legend.fontsize": "small",
    "savefig.dpi": 160,
}
_style_lock = threading.Lock()  # matplotlib's style is process-wide while a figure is being drawn


def ensure_drawable(path: str | Path) -> Path:
    """The output path, checked before any work for its suffix, matplotlib and write access."""
    return ensure_writable(_require_drawable(expand_home(path)))


def check_output(path: str | Path) -> Path:
    """As `ensure_drawable`, without creating the folder."""
    return check_writable(_require_drawable(expand_home(path)))


def _require_drawable(target: Path) -> Path:
    if target.suffix.lower() not in SUFFIXES:
        raise UsageError(
            f"a plot is written as {' or '.join(SUFFIXES)}, {printable_name(target.name)} is neither"
        )
    if importlib.util.find_spec("matplotlib") is None:
        raise UsageError("plots need matplotlib: pip install 'steertui[plot]'")
    return target


def draw_figure(
    path: str | Path, paint: Callable[[Figure], None], size: tuple[float, float] = (7.0, 4.0)
) -> Path:
    """Call `paint` with a matplotlib figure and write the file atomically."""
    target = ensure_drawable(path)
    import matplotlib
    from matplotlib.figure import Figure

    kind, data = target.suffix.lower().removeprefix("."), io.BytesIO()
    with _style_lock, matplotlib.rc_context(dict(STYLE)), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph")  # a sign the font lacks is drawn as a box
        # Not through pyplot, which keeps figures globally and looks for a display.
        figure = Figure(figsize=size, layout="constrained")
        paint(figure)
        # Into memory first: an error while drawing leaves no half-written file.
        figure.savefig(data, format=kind, metadata={"Date": None} if kind == "svg" else None)
    return _write_picture(target, data.getvalue())


def _write_picture(target: Path, data: bytes) -> Path:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(target, data)
    except OSError as problem:
        raise UsageError(f"cannot write {printable_name(target)}: {problem.strerror}") from None
    return target
