"""The answer that a command acts on, and the text of it that is kept."""

from __future__ import annotations

from core.errors import UsageError
from sessions.state.state import SessionState, Turn


def current_answer(state: SessionState, shown: int | None) -> Turn:
    """The running answer, else the shown one."""
    turn = state.turns.get(state.running.turn if state.running else -1 if shown is None else shown)
    if turn is None or turn.gen is None:
        raise UsageError("there is no answer to take back")
    return turn


def stopped_answer(state: SessionState, shown: int | None) -> Turn:
    """The shown answer, if it has stopped."""
    answer = state.turns.get(-1 if shown is None else shown)
    if answer is None or answer.gen is None or state.running:
        raise UsageError("there is no answer that has stopped")
    return answer


def kept_text(answer: Turn, tokens: int) -> str:
    """The answer's text up to that many tokens, with what it was given to begin with."""
    # The prefill is not among the tokens, but it belongs to what was said.
    return answer.given_text + "".join(token.text for token in answer.tokens[: max(tokens, 0)])
