"""Playback data of a recorded conversation: its tokens in order with their delays, mixer changes and
measurements.

Built from the journal alone, so no model is needed to play, pause or seek.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sessions.export.playback import LONGEST_PAUSE
from sessions.journal import events as ev
from sessions.journal.codec import JournalRecord
from sessions.state.fold import fold_all
from sessions.state.state import AnswerToken, Turn


@dataclass(frozen=True)
class PlaybackFrame:
    """One token: its turn, its index in the turn, and the seconds since the previous token (long pauses are
    shortened).
    """

    turn: int
    at: int
    token: AnswerToken
    gap: float = 0.0


@dataclass(frozen=True)
class PlaybackMarker:
    """A marker before frame `place`."""

    place: int
    words: str


@dataclass(frozen=True)
class Playback:
    """The frames of one conversation. `scales`: per channel the scale at every frame, relative to the vector
    as loaded; None where the channel was not in the mixer.
    """

    path: tuple[Turn, ...] = ()
    frames: tuple[PlaybackFrame, ...] = ()
    markers: tuple[PlaybackMarker, ...] = ()
    scales: Mapping[str, tuple[float | None, ...]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.frames)

    def projections(self, channel: str) -> tuple[float | None, ...]:
        return tuple(frame.token.proj.get(channel) for frame in self.frames)

    def branch_point(self, place: int) -> tuple[int, int | None]:
        """The turn and token to branch at so that everything before `place` is kept; token None means the
        whole turn.
        """
        before = self.frames[place - 1]
        whole = place == len(self) or self.frames[place].turn != before.turn
        return before.turn, None if whole else before.at + 1


def build_playback(records: Iterable[JournalRecord], turn: int | None = None) -> Playback:
    """The playback of the conversation up to `turn` (default: the newest turn)."""
    records = tuple(records)
    path = fold_all(records).path(turn)
    gaps = _token_gaps(records)
    frames = tuple(
        PlaybackFrame(step.id, at, token, gaps.get((step.gen, at), 0.0))
        for step in path
        for at, token in enumerate(step.tokens)
    )
    return Playback(
        path, frames, tuple(_playback_markers(path)), _scale_curves(frames, _mixer_states(records))
    )


def _token_gaps(records: tuple[JournalRecord, ...]) -> dict[tuple[int | None, int], float]:
    """The seconds before every token; tokens of one event share its time evenly."""
    waited, gaps = 0, dict[tuple[int | None, int], float]()
    for record in records:
        event = record.event
        # Events between two batches of tokens add to the delay of the later batch.
        waited += record.m
        if isinstance(event, ev.TokensGenerated) and event.lane == 0 and event.ids:
            share = min(waited / 1000 / len(event.ids), LONGEST_PAUSE)
            gaps |= {(event.gen, event.i + k): share for k in range(len(event.ids))}
            waited = 0
    return gaps


def _playback_markers(path: tuple[Turn, ...]) -> Iterator[PlaybackMarker]:
    start = 0
    for turn in path:
        for marker in turn.markers:
            yield PlaybackMarker(start + min(marker.at, len(turn.tokens)), marker.words)
        # Markers count tokens of their turn, frames those of the whole conversation.
        start += len(turn.tokens)


def _mixer_states(records: tuple[JournalRecord, ...]) -> dict[str, Mapping[str, Any]]:
    """Every mixer state of the session by its hash."""
    return {
        record.event.mix: record.event.state
        for record in records
        if isinstance(record.event, ev.MixerChanged)
    }


def _scale_curves(
    frames: tuple[PlaybackFrame, ...], mixers: Mapping[str, Mapping[str, Any]]
) -> dict[str, tuple[float | None, ...]]:
    scales = {mix: dict(_effective_scales(mixer)) for mix, mixer in mixers.items()}
    rows = [scales.get(frame.token.mix, {}) for frame in frames]
    labels = dict.fromkeys(label for row in rows for label in row)
    return {label: tuple(row.get(label) for row in rows) for label in labels}


def _effective_scales(mixer: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """The effective scale of each channel of a mixer: 0 if muted, bypassed, or if another channel is solo."""
    channels = mixer.get("channels", ())
    soloed = any(channel.get("solo") for channel in channels)
    for channel in channels:
        silent = mixer.get("bypassed") or channel.get("muted") or (soloed and not channel.get("solo"))
        scale = float(channel.get("scale", 0.0))
        yield (
            str(channel.get("name", "vector")),
            0.0 if silent else -scale if channel.get("flipped") else scale,
        )
