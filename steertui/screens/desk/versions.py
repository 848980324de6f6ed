"""The tree of turns, looked at from where the talk stands: its other ends, and what can be said differently."""

from __future__ import annotations

from sessions.state import ROOT, State, Turn

WRITING = "an answer is being written: look at the other branches when it is done, or esc stops it"


def ends(state: State) -> list[int]:
    """The last turn of every branch, oldest first; a question that was taken back before its answer is none."""
    parents = {turn.parent for turn in state.turns.values()}
    return [turn.id for turn in state.turns.values() if turn.id not in parents and turn.gen is not None]


def beside(state: State, leaf: int | None, step: int) -> tuple[int, int, int] | None:
    """(end of another branch, its place, how many there are); None where there is only this one."""
    all_ends = ends(state)
    if len(all_ends) < 2:
        return None
    here = all_ends.index(leaf) if leaf in all_ends else -1
    place = (here + step) % len(all_ends)
    return all_ends[place], place + 1, len(all_ends)


def apart(state: State, here: int | None, there: int) -> list[Turn]:
    """The turns on the way `there` that do not lead to `here`."""
    shared = {turn.id for turn in state.path(here)} if here is not None else set()
    return [turn for turn in state.path(there) if turn.id not in shared]


def questions(state: State, leaf: int | None) -> list[Turn]:
    """What the user has said on the way to `leaf`, the newest first."""
    path = state.path(leaf) if leaf is not None else ()
    return [turn for turn in reversed(path) if turn.role == "user"]


def above(turn: Turn) -> int:
    """The parent to name so that something is said in place of this turn."""
    return ROOT if turn.parent is None else turn.parent
