"""The screen as rows of strips, with everything that lies over it.

Textual 8.2.8 exports a screen as SVG only; its compositor (`Screen._compositor`) renders the rows, and
`App._background_screens` are those that show through the one on top.
"""

from __future__ import annotations

from typing import Any

from textual.app import App
from textual.strip import Strip

from steertui.textual_patches.compositor_updates import LayoutUpdate


def capture_rows(app: App[Any]) -> list[Strip]:
    """One strip per row of the terminal, without mouse metadata."""
    update = app.screen._compositor.render_update(full=True, screen_stack=app._background_screens)
    assert isinstance(update, LayoutUpdate)
    return [Strip.join(row).discard_meta() for row in update.strips]
