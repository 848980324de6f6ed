"""The lines of a form, scrolled by the focus that moves through them."""

from __future__ import annotations

from textual.containers import VerticalScroll


class FieldScroll(VerticalScroll, inherit_bindings=False):
    """Without arrow keys of its own: they would take those of the form wherever its lines do not fit the screen."""
