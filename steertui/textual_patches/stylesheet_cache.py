"""The app's stylesheet, parsed again only when the colours change.

Textual 8.2.8 parses every source again for each screen with its own CSS: 8 ms, three times at start. It
offers no cache; `Stylesheet._variables` holds the colours in force.
"""

from __future__ import annotations

from textual.css.stylesheet import Stylesheet


class CachedStylesheet(Stylesheet):
    """Keeps parsed sources until a variable has another value."""

    def set_variables(self, variables: dict[str, str]) -> None:
        # Setting variables clears the parse caches, even if the values are the same.
        if variables != self._variables:
            super().set_variables(variables)

    def reparse(self) -> None:
        """Parse new sources only; the current rules stay if there is an error."""
        self.parse()
