"""Compares branches: the shown one, and another in the side panel.

The side panel shows only the turns that the two do not share.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.errors import UsageError
from steertui.screens.desk import branches
from steertui.screens.past_sessions import past_items

if TYPE_CHECKING:
    from steertui.screens.desk.screen import DeskScreen


def show_branch_beside(desk: DeskScreen) -> None:
    """Show the next of the other branches; after the last, close the panel."""
    if desk.link.state.running:
        raise UsageError(branches.WRITING)
    shadow, ends = desk.transcript_panel.shadow, branches.branch_ends(desk.link.state)
    others = [end for end in ends if end != desk.feed.shown_turn]
    at = others.index(shadow.branch) + 1 if shadow.branch in others else 0
    if not others:
        desk.notify("there is one branch only: r answers again, e asks differently", markup=False)
    elif at < len(others):
        _show_branch(desk, others[at])
    else:
        shadow.clear()


def update_branch_beside(desk: DeskScreen, left: int | None) -> None:
    """After a change of branch: if the new one was in the side panel, show the previous one there."""
    shadow = desk.transcript_panel.shadow
    if shadow.branch is not None:
        other = left if shadow.branch == desk.feed.shown_turn else shadow.branch
        if other in branches.branch_ends(desk.link.state):
            _show_branch(desk, other)
        else:
            shadow.clear()


def _show_branch(desk: DeskScreen, end: int) -> None:
    state, ends = desk.link.state, branches.branch_ends(desk.link.state)
    here = ends.index(desk.feed.shown_turn) + 1 if desk.feed.shown_turn in ends else None
    title = f"branch {ends.index(end) + 1} of {len(ends)}" + (f", beside {here}" if here else "")
    last = end == [each for each in ends if each != desk.feed.shown_turn][-1]
    items = past_items(branches.unshared_turns(state, desk.feed.shown_turn, end))
    desk.transcript_panel.shadow.show_branch(end, f"{title} · A {'closes it' if last else 'the next'}", items)
