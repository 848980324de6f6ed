"""A screen that draws no frame while the app opens a batch of updates to set it up.

Textual 8.2.8 composes such a frame in `Screen._compositor_refresh` and then throws it away, because
`App._display` writes nothing while `App._batch_count` is above zero.
"""

from __future__ import annotations

from textual.screen import Screen, ScreenResultType


class FirstFramesScreen(Screen[ScreenResultType]):
    """Skips frames that would not be written."""

    def _compositor_refresh(self) -> None:
        if not self.app._batch_count:
            super()._compositor_refresh()
