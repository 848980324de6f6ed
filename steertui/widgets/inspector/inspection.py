"""Everything the session knows about one token.

Values that were not measured are None or empty; the inspector leaves them out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sessions.state.state import AnswerToken, Marker, SessionState, Turn

Sigmas = Callable[[str, float], float]
CHANGES = ("mixer", "inject", "rewind", "rebuild")


@dataclass(frozen=True)
class ChannelProjection:
    """One channel at this token: its projection before and after steering, raw and in σ."""

    name: str
    before: float
    after: float | None
    sigmas_before: float
    sigmas_after: float | None
    held: bool | None

    @property
    def moved(self) -> bool:
        # A smaller difference is rounding, not steering.
        return self.after is not None and abs(self.after - self.before) > 1e-6


@dataclass(frozen=True)
class TokenInspection:
    """One inspected token. `change` is the last mixer change before it; `token.values` are the engine's
    measurements.
    """

    turn: int
    index: int
    token: AnswerToken
    gauges: tuple[ChannelProjection, ...]
    mixer: str
    change: Marker | None

    @property
    def values(self) -> Mapping[str, float]:
        return self.token.values

    @property
    def tokens_since_change(self) -> int:
        """Number of tokens generated between the last change and this token."""
        return self.index - self.change.at if self.change else 0


def inspect_token(
    state: SessionState, turn: int, index: int, mixers: Mapping[str, str], sigmas: Sigmas
) -> TokenInspection | None:
    """Token `index` of answer `turn`, or None if there is none. `mixers` maps mixer hashes to
    descriptions.
    """
    answer = state.turns.get(turn)
    if answer is None or not 0 <= index < len(answer.tokens):
        return None
    token = answer.tokens[index]
    gauges = tuple(_gauge(name, value, token, sigmas) for name, value in token.proj.items())
    return TokenInspection(turn, index, token, gauges, mixers.get(token.mix, ""), _last_change(answer, index))


def _gauge(name: str, before: float, token: AnswerToken, sigmas: Sigmas) -> ChannelProjection:
    after = token.after.get(name)
    held = bool(token.hits[name]) if name in token.hits else None
    return ChannelProjection(
        name, before, after, sigmas(name, before), None if after is None else sigmas(name, after), held
    )


def _last_change(answer: Turn, index: int) -> Marker | None:
    before = [marker for marker in answer.markers if marker.kind in CHANGES and marker.at <= index]
    return max(before, key=lambda marker: marker.at, default=None)
