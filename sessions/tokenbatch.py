"""Tokens on their way into the journal: an event per token would be mostly envelope, so they travel in batches.

A batch ends when its oldest token has waited 50 ms (or would, before the next one comes), when the mixer in force
changes, and whenever anything else is to be recorded: so order and stamps stay exact, and a crash costs 50 ms.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sessions.events import Event, Meter, Tok, Top

WAIT_S = 0.05


@dataclass(frozen=True)
class Stamp:
    """What a mixer revision is called in events: its short hash, and the labels of its channels."""

    mix: str
    labels: tuple[str, ...]


class TokenBatch:
    """Collects the steps of one answer; `append` receives their events."""

    def __init__(self, gen: int, append: Callable[[Event], Any], stamps: Mapping[int, Stamp]) -> None:
        self._gen, self._append, self._stamps = gen, append, stamps
        self._waiting: list[Any] = []
        self._unmeasured: list[Any] = []
        self._oldest = self._last = time.monotonic()

    def add(self, step: Any) -> None:
        now = time.monotonic()
        if self._waiting and self._shared(step) != self._shared(self._waiting[-1]):
            self.flush()
        if not self._waiting:
            self._oldest = now
        self._waiting.append(step)
        self._unmeasured.append(step)
        pause, self._last = now - self._last, now
        if now - self._oldest + pause >= WAIT_S:
            self.flush()

    def flush(self, *, ended: bool = False) -> None:
        """Everything collected becomes events; the newest token's meters are due only with the next pass."""
        if self._waiting:
            steps, self._waiting = self._waiting, []
            for lane, voices in _by_lane(steps):
                self._append(self._tok(steps[0], lane, voices))
            for top in self._tops(steps):
                self._append(top)
        due = len(self._unmeasured) if ended else len(self._unmeasured) - 1
        ready, self._unmeasured = self._unmeasured[: max(0, due)], self._unmeasured[max(0, due) :]
        for event in self._meters(ready):
            self._append(event)

    def restate(self, step: Any) -> None:
        """The last token again when its text grew after it was written: the end of a cut character came."""
        if all(waiting is not step for waiting in self._waiting):
            self._append(self._tok(step, 0, [step]))
            for top in self._tops([step]):
                self._append(top)

    def forget(self, kept: int) -> None:
        """After a rewind to `kept` tokens nothing more will be measured of those taken back."""
        self._unmeasured = [step for step in self._unmeasured if step.index < kept]

    def _shared(self, step: Any) -> tuple[str, bool]:
        """What all tokens of a batch share."""
        return self._stamps[step.revision].mix, step.compiled

    def _tok(self, first: Any, lane: int, voices: list[Any]) -> Tok:
        return Tok(
            gen=self._gen,
            i=first.index,
            ids=tuple(voice.token_id for voice in voices),
            text=tuple(voice.text for voice in voices),
            lp=tuple(voice.logprob for voice in voices),
            mix=self._stamps[first.revision].mix,
            lane=lane,
            by="compiled" if first.compiled else "",
        )

    def _tops(self, steps: list[Any]) -> Iterator[Top]:
        """The likeliest tokens of lane 0, and of each forced lane, where they were asked for."""
        yield from self._top(steps, 0, [step.top for step in steps])
        for lane in steps[0].forced:
            yield from self._top(steps, lane, [step.forced[lane].top for step in steps])

    def _top(self, steps: list[Any], lane: int, rows: list[Any]) -> Iterator[Top]:
        if all(rows):
            beside = all(row[0].other is not None for row in rows)
            yield Top(
                gen=self._gen,
                i=steps[0].index,
                ids=tuple(tuple(each.token_id for each in row) for row in rows),
                text=tuple(tuple(each.text for each in row) for row in rows),
                p=tuple(tuple(short(each.p) for each in row) for row in rows),
                other=tuple(tuple(short(each.other) for each in row) for row in rows) if beside else (),
                lane=lane,
            )

    def _meters(self, steps: list[Any]) -> Iterator[Meter]:
        """One event for each run of tokens with the same gauges."""
        rows = [(step.index, *_gauges(step, self._stamps[step.revision].labels)) for step in steps]
        for _, run in groupby(rows, key=lambda row: [list(column) for column in row[1:]]):
            block = list(run)
            proj, after, hits, values = (_columns([row[k] for row in block]) for k in (1, 2, 3, 4))
            if proj or values:
                yield Meter(gen=self._gen, i=block[0][0], proj=proj, after=after, hits=hits, values=values)


def _by_lane(steps: list[Any]) -> Iterator[tuple[int, list[Any]]]:
    """The answer itself, and each other lane that speaks for itself until it has finished."""
    yield 0, steps
    for lane in range(len(steps[0].voices)):
        voices = [step.voices[lane] for step in steps if not step.voices[lane].finished]
        if voices:
            yield lane + 1, voices


def _gauges(
    step: Any, labels: tuple[str, ...]
) -> tuple[dict[str, float], dict[str, float], dict[str, float], dict[str, float]]:
    """Mean projection over the metered layers, before and after the stages, which caps held, and the whole token."""
    proj: dict[str, float] = {}
    after: dict[str, float] = {}
    for channel, layers in (step.projections or {}).items():
        if channel < len(labels) and layers:
            proj[labels[channel]] = sum(pair[0] for pair in layers.values()) / len(layers)
            after[labels[channel]] = sum(pair[1] for pair in layers.values()) / len(layers)
    hits = {labels[i]: float(held) for i, held in step.capped.items() if i < len(labels)}
    values = {"entropy": short(step.entropy)}
    if step.delta is not None:
        values["delta"] = short(step.delta)
    for seen in step.forced.values():
        values |= {"kl": short(seen.kl), "lp0": seen.logprob, "rank": float(seen.rank)}
    return proj, after, hits, values


def _columns(rows: list[dict[str, float]]) -> dict[str, tuple[float, ...]]:
    return {name: tuple(row[name] for row in rows) for name in rows[0]}


def short(value: float) -> float:
    """Five digits are more than a screen shows; ids and log-probabilities, which a replay compares, keep theirs all."""
    return float(f"{value:.5g}")
