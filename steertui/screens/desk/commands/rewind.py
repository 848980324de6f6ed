"""Dropping the last tokens of an answer and continuing from there, during the answer or after it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.errors import UsageError
from sessions.state.state import Turn
from steertui.screens.ask import InputDialog
from steertui.screens.desk.commands.token_actions import rewind_to_token as at_token
from steertui.screens.desk.dialogs.readers import read_positive_count

if TYPE_CHECKING:
    from steertui.screens.desk.screen import DeskScreen

HINT = (
    "during an answer it goes on from there, with the mixer of that token;\n"
    "after the end another answer starts, and both are kept"
)


def open_rewind_dialog(desk: DeskScreen) -> None:
    """Rewind to the selected token; without one, ask for a number of tokens."""
    if desk.transcript_panel.selected_piece is not None:
        at_token(desk, desk.transcript_panel.selected_piece)
        return

    def answered(tokens: int | None) -> None:
        if tokens is not None:
            desk.composer.rewind_count = tokens
            rewind_tokens(desk, tokens)

    _current_answer(desk)
    desk.app.push_screen(
        InputDialog("take back how many tokens?", read_positive_count, str(desk.composer.rewind_count), HINT),
        answered,
    )


def repeat_rewind(desk: DeskScreen) -> None:
    rewind_tokens(desk, desk.composer.rewind_count)


def rewind_tokens(desk: DeskScreen, tokens: int) -> None:
    """Rewind a running answer in place; for a finished one, start another answer with the kept text as
    prefill.
    """
    answer = _current_answer(desk)
    if desk.link.state.running:
        desk.request("rewind", tokens=tokens)
    else:
        kept = answer.given_text + "".join(token.text for token in answer.tokens[:-tokens])
        desk.composer.regenerate(prefill=kept)


def _current_answer(desk: DeskScreen) -> Turn:
    state, shown = desk.link.state, desk.feed.shown_turn
    turn = state.turns.get(state.running.turn if state.running else -1 if shown is None else shown)
    if turn is None or turn.gen is None:
        raise UsageError("there is no answer to take back")
    return turn
