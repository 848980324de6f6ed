"""Commands at a token: step, pin, branch, rewind, continue."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from core.errors import UsageError
from sessions.state.state import SessionState
from steertui.screens.desk.answers import kept_text, stopped_answer
from steertui.widgets.transcript.document import TextPiece

if TYPE_CHECKING:
    from steertui.screens.desk.screen import DeskScreen

NOWHERE = "select a token first: p and n step from token to token, a click selects"


def step_token(desk: DeskScreen, change: int) -> None:
    desk.transcript.focus()
    desk.transcript.step(change)


def step_change(desk: DeskScreen, change: int) -> None:
    """Go to the next change of the mixer."""
    desk.transcript.focus()
    desk.transcript.step_change(change)


def branch_at_token(desk: DeskScreen) -> None:
    """Start a new session that ends before the selected token."""
    if desk.transcript_panel.selected_piece is None:
        raise UsageError(NOWHERE)
    desk.run_async(_branch_at_token(desk, desk.transcript_panel.selected_piece))


async def _branch_at_token(desk: DeskScreen, piece: TextPiece) -> None:
    reply = await desk.link.request("session.branch", turn=piece.turn, at=piece.index)
    if reply is not None:
        said = f"a new session, {reply['session'][-6:]}, begins at t {piece.index}: o continues from there"
        desk.notify(said, markup=False)


def rewind_to_token(desk: DeskScreen, piece: TextPiece) -> None:
    """Take the newest answer back to the token; the rest is generated with the current mixer."""
    if piece.turn != desk.feed.shown_turn:
        raise UsageError("only the newest answer can be rewound: b branches at this token")
    if desk.link.state.running:
        desk.run_async(_rewind_running(desk, piece))
    else:
        answer = desk.link.state.turns[piece.turn]
        desk.composer.regenerate(prefill=kept_text(answer, piece.index))


async def _rewind_running(desk: DeskScreen, piece: TextPiece) -> None:
    """Pause a running answer first, so that the tokens to drop can be counted."""
    running = desk.link.state.running
    held = running is not None and not running.paused
    if held:
        await desk.link.request("pause", paused=True)
        # The reply only accepts the request; the state tells when the answer has paused.
        await _wait_until(desk, lambda state: state.running is None or state.running.paused)
    tokens = len(desk.link.state.turns[piece.turn].tokens) - piece.index
    desk.transcript_panel.release_selection()
    # An answer that the user had paused stays paused.
    if await desk.link.request("rewind", tokens=tokens) and held:
        await desk.link.request("pause", paused=False)


async def _wait_until(desk: DeskScreen, true: Callable[[SessionState], bool]) -> None:
    while desk.link.connected and not true(desk.link.state):
        await asyncio.sleep(0.02)


def continue_answer(desk: DeskScreen) -> None:
    """Continue a stopped answer: its text becomes the prefill."""
    answer = stopped_answer(desk.link.state, desk.feed.shown_turn)
    desk.composer.regenerate(prefill=answer.text)
