"""The branches of the conversation: their ends, and questions that can be asked differently."""

from __future__ import annotations

from dataclasses import dataclass

from sessions.state.state import ROOT, SessionState, Turn

WRITING = "wait for the answer to finish (esc stops it) before switching branches"


def branch_ends(state: SessionState) -> list[int]:
    """The last turn of every branch, oldest first; an unanswered question does not count."""
    parents = {turn.parent for turn in state.turns.values()}
    # A branch ends with a turn that is nobody's parent.
    return [turn.id for turn in state.turns.values() if turn.id not in parents and turn.gen is not None]


def step_branch(state: SessionState, leaf: int | None, step: int) -> tuple[int, int, int] | None:
    """(end of another branch, its number, number of branches); None if there is only one."""
    all_ends = branch_ends(state)
    if len(all_ends) < 2:
        return None
    # From a place that is no end, a step forward leads to the first branch.
    here = all_ends.index(leaf) if leaf in all_ends else -1
    place = (here + step) % len(all_ends)
    return all_ends[place], place + 1, len(all_ends)


@dataclass(frozen=True)
class BranchBeside:
    """Another branch for the side panel: only the turns that it does not share with the shown one."""

    end: int
    title: str
    turns: list[Turn]


def other_ends(state: SessionState, shown: int | None) -> list[int]:
    """The ends of the branches that are not shown."""
    return [end for end in branch_ends(state) if end != shown]


def branch_beside(state: SessionState, shown: int | None, end: int) -> BranchBeside:
    """The branch that ends there, as the side panel shows it."""
    ends = branch_ends(state)
    here = ends.index(shown) + 1 if shown in ends else None
    title = f"branch {ends.index(end) + 1} of {len(ends)}" + (f", beside {here}" if here else "")
    last = end == other_ends(state, shown)[-1]
    title = f"{title} · A {'closes it' if last else 'the next'}"
    return BranchBeside(end, title, unshared_turns(state, shown, end))


def unshared_turns(state: SessionState, here: int | None, there: int) -> list[Turn]:
    """The turns on the path to `there` that are not on the path to `here`."""
    shared = {turn.id for turn in state.path(here)} if here is not None else set()
    return [turn for turn in state.path(there) if turn.id not in shared]


def user_turns(state: SessionState, leaf: int | None) -> list[Turn]:
    """The user's turns on the path to `leaf`, newest first."""
    path = state.path(leaf) if leaf is not None else ()
    return [turn for turn in reversed(path) if turn.role == "user"]


def parent_of(turn: Turn) -> int:
    """The parent of a turn, for a new turn beside it."""
    return ROOT if turn.parent is None else turn.parent
