"""Dropping the last tokens of an answer and continuing from there, during the answer or after it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steertui.screens.desk.answers import current_answer, kept_text
from steertui.screens.desk.commands.token_actions import rewind_to_token
from steertui.screens.desk.dialogs.number import rewind_dialog

if TYPE_CHECKING:
    from steertui.screens.desk.screen import DeskScreen


def open_rewind_dialog(desk: DeskScreen) -> None:
    """Rewind to the selected token; without one, ask for a number of tokens."""
    if desk.transcript_panel.selected_piece is not None:
        rewind_to_token(desk, desk.transcript_panel.selected_piece)
        return

    def take_back(tokens: int) -> None:
        desk.composer.rewind_count = tokens
        rewind_tokens(desk, tokens)

    # Raises now if there is no answer, instead of after the dialog.
    current_answer(desk.link.state, desk.feed.shown_turn)
    desk.open_dialog(rewind_dialog(desk.composer.rewind_count), take_back)


def repeat_rewind(desk: DeskScreen) -> None:
    rewind_tokens(desk, desk.composer.rewind_count)


def rewind_tokens(desk: DeskScreen, tokens: int) -> None:
    """Rewind a running answer in place; for a finished one, start another answer with the kept text as
    prefill.
    """
    answer = current_answer(desk.link.state, desk.feed.shown_turn)
    if desk.link.state.running:
        desk.request("rewind", tokens=tokens)
    else:
        desk.composer.regenerate(prefill=kept_text(answer, len(answer.tokens) - tokens))
