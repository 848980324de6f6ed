"""An app that sees each frame before and after it is written.

Textual 8.2.8 has no public hook for either: `App._display` writes a frame, and only if the app runs and
no batch of updates is open.
"""

from __future__ import annotations

from typing import Any

from textual.app import App, ReturnType
from textual.screen import Screen

from steertui.textual_patches.compositor_updates import CompositorUpdate


class FrameHooksApp(App[ReturnType]):
    """Calls `reduce_frame` and `after_frame` for frames that reach the terminal."""

    def reduce_frame(self, frame: CompositorUpdate) -> CompositorUpdate | None:
        """The part of a frame to write; None writes nothing."""
        return frame

    def after_frame(self) -> None:
        """Called when a frame has been written."""

    def _display(self, screen: Screen[object], renderable: Any) -> None:
        # The conditions under which Textual's `_display` writes.
        writes = self._running and not self._closed and not self._batch_count
        if writes and isinstance(renderable, CompositorUpdate):
            renderable = self.reduce_frame(renderable)
        super()._display(screen, renderable)
        if writes:
            self.after_frame()
