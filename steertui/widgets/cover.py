"""The notice that covers a screen while the terminal is too small."""

from __future__ import annotations

from textual.screen import Screen
from textual.widgets import Static

NEEDED = (60, 16)
WORDS = "terminal too small: {0}×{1}, need {2}×{3}"


class Cover(Static):
    """Covers its screen while the terminal is too small; the keys of the screen keep working."""

    DEFAULT_CSS = """
    Cover {
        layer: cover;
        dock: top;
        display: none;
        width: 100%;
        height: 100%;
        content-align: center middle;
        text-align: center;
        background: $background;
        color: $text-muted;
    }
    """

    def __init__(self, meanwhile: str = "esc goes back") -> None:
        super().__init__(markup=False)
        self._meanwhile = meanwhile

    def on_mount(self) -> None:
        self.screen.screen_layout_refresh_signal.subscribe(self, self._check_size)
        self.call_after_refresh(self._check_size, self.screen)

    def _check_size(self, screen: Screen[object]) -> None:
        """Show or hide the notice after a layout; an unchanged state triggers no further layout."""
        width, height = screen.size
        small = width < NEEDED[0] or height < NEEDED[1]
        if small:
            self.update(f"{WORDS.format(width, height, *NEEDED)}\n\n{self._meanwhile}")
        if self.display != small:
            self.display = small
