"""The theme dialog: shows each theme while the cursor moves, and saves it only on enter."""

from __future__ import annotations

from textual.app import App
from textual.widgets import OptionList

from core.errors import SteerError
from steertui import colour_themes, config
from steertui.screens.pick import ChoiceDialog
from steertui.text import safe_text
from steertui.widgets.choices import Choice


class ThemeDialog(ChoiceDialog):
    """Esc restores the previous theme."""

    def __init__(self, app: App[None]) -> None:
        own = [theme.name for theme in colour_themes.OWN]
        others = sorted(name for name in app.available_themes if name not in own)
        self._before = app.theme
        choices = [Choice(name, name, _theme_kind(app, name, name in own)) for name in [*own, *others]]
        super().__init__("theme", choices, hint="↑ ↓ try on · enter keep it · esc as before")

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        self.app.theme = str(event.option.id)

    def on_mount(self) -> None:
        """Start at the current theme, because opening the list would change it otherwise."""
        options = self.query_one(OptionList)
        options.highlighted = options.get_option_index(self._before)

    def apply_choice(self, name: str | None) -> None:
        """Save the chosen theme and notify the user of the file, or restore the previous one."""
        if name is None:
            self.app.theme = self._before
            return
        self.app.theme = name
        try:
            place = config.save_setting("theme", name)
        except (OSError, SteerError) as error:
            self.app.notify(safe_text(f"not remembered: {error}"), severity="warning", markup=False)
        else:
            self.app.notify(safe_text(f"theme {name}, kept in {place}"), markup=False)


def _theme_kind(app: App[None], name: str, own: bool) -> str:
    theme = app.available_themes[name]
    kind = "the terminal's own colours" if theme.ansi else "dark" if theme.dark else "light"
    return f"ours, {kind}" if own else kind
