"""A scroll view that grows at its end without a new layout of the screen.

Setting `virtual_size` makes Textual 8.2.8 lay out and draw the whole screen, once more for the scrolling
that follows. `ScrollView._scroll_update`, which that layout would call, is all a full view needs.
"""

from __future__ import annotations

from textual.geometry import Size
from textual.scroll_view import ScrollView


class GrowingScrollView(ScrollView):
    """A full view that follows its end is only scrolled when it grows."""

    def set_content_size(self, size: Size) -> None:
        """Set the virtual size."""
        full = self.max_scroll_y > 0 and size.width == self.virtual_size.width
        if not (full and self.is_anchored and self.is_vertical_scroll_end):
            self.virtual_size = size
        elif size != self.virtual_size:
            # set_reactive skips the watchers, which would lay out the screen.
            self.set_reactive(ScrollView.virtual_size, size)
            self._scroll_update(size)
            self.scroll_y = self.max_scroll_y
