"""Steps through the branches of the conversation, and shows one beside another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.errors import UsageError
from steertui.screens.desk import branches
from steertui.screens.past_sessions import past_items

if TYPE_CHECKING:
    from steertui.screens.desk.screen import DeskScreen

ONLY = "there is one branch only: r answers again, e asks differently"


def step_branch(desk: DeskScreen, change: int) -> None:
    """Go to the end of another branch."""
    left = desk.feed.shown_turn
    if desk.link.state.running:
        raise UsageError(branches.WRITING)
    found = branches.step_branch(desk.link.state, left, change)
    if found is None:
        desk.notify(ONLY, markup=False)
        return
    end, number, count = found
    desk.composer.show_turn(end)
    _update_branch_beside(desk, left)
    desk.notify(f"branch {number} of {count}", timeout=2)


def show_branch_beside(desk: DeskScreen) -> None:
    """Show the next of the other branches; after the last, close the panel."""
    if desk.link.state.running:
        raise UsageError(branches.WRITING)
    shadow, others = desk.transcript_panel.shadow, branches.other_ends(desk.link.state, desk.feed.shown_turn)
    # Without a branch in the panel the first one comes next; past the last, the panel closes.
    at = others.index(shadow.branch) + 1 if shadow.branch in others else 0
    if not others:
        desk.notify(ONLY, markup=False)
    elif at < len(others):
        _show_branch(desk, others[at])
    else:
        shadow.clear()


def _update_branch_beside(desk: DeskScreen, left: int | None) -> None:
    """After a change of branch: if the new one was in the side panel, show the previous one there."""
    shadow = desk.transcript_panel.shadow
    if shadow.branch is not None:
        other = left if shadow.branch == desk.feed.shown_turn else shadow.branch
        if other in branches.branch_ends(desk.link.state):
            _show_branch(desk, other)
        else:
            shadow.clear()


def _show_branch(desk: DeskScreen, end: int) -> None:
    beside = branches.branch_beside(desk.link.state, desk.feed.shown_turn, end)
    desk.transcript_panel.shadow.show_branch(beside.end, beside.title, past_items(beside.turns))
