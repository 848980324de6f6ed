"""The dialog that searches earlier prompts of all sessions."""

from __future__ import annotations

from collections.abc import Sequence

from steertui.screens.pick import ChoiceDialog
from steertui.widgets.choices import Choice


def prompt_dialog(earlier: Sequence[str]) -> ChoiceDialog:
    """Newest first, each text once; `earlier` is oldest first. Returns the text."""
    # A dict keeps the first of equal keys, here the newest prompt.
    newest = dict.fromkeys(reversed(earlier))
    choices = [Choice(text, " ".join(text.split())) for text in newest]
    return ChoiceDialog("earlier prompts", choices, wide=True)
