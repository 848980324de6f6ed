"""The app's style sheet: what was read once is not read again until the colours change."""

from __future__ import annotations

from textual.css.stylesheet import Stylesheet


class Styles(Stylesheet):
    """Textual reads every source again for each screen that brings its own: 8 ms, and three times in a start."""

    def set_variables(self, variables: dict[str, str]) -> None:
        if variables != self._variables:
            super().set_variables(variables)

    def reparse(self) -> None:
        """Only what is not known yet; the rules in force stay when something is wrong."""
        self.parse()
