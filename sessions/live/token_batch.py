"""Batches tokens into events, because an event per token would be mostly overhead.

A batch is written when its oldest token is 50 ms old (or would be before the next token), when the mixer
changes, and before any other event. So order and mixer stamps are exact, and a crash loses at most 50 ms.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from core.regions.notations import ANSWER
from sessions.journal.codec import round_digits
from sessions.journal.events import Event, MeterReadings, TokensGenerated, TopTokens

WAIT_S = 0.05


@dataclass(frozen=True)
class MixerStamp:
    """How events refer to a mixer revision: its short hash and its channel labels."""

    mix: str
    labels: tuple[str, ...]


class TokenBatch:
    """Collects the steps of one answer and passes events to `append`."""

    def __init__(self, gen: int, append: Callable[[Event], Any], stamps: Mapping[int, MixerStamp]) -> None:
        self._gen, self._append, self._stamps = gen, append, stamps
        self._waiting: list[Any] = []
        self._unmeasured: list[Any] = []
        self._oldest = self._last = time.monotonic()

    def add(self, step: Any) -> None:
        now = time.monotonic()
        # All tokens of an event share one mixer.
        if self._waiting and self._batch_key(step) != self._batch_key(self._waiting[-1]):
            self.flush()
        if not self._waiting:
            self._oldest = now
        self._waiting.append(step)
        self._unmeasured.append(step)
        # The last interval estimates when the next token comes.
        pause, self._last = now - self._last, now
        if now - self._oldest + pause >= WAIT_S:
            self.flush()

    def flush(self, *, ended: bool = False) -> None:
        """Write all collected tokens; the newest token's measurements follow after the next forward pass."""
        if self._waiting:
            steps, self._waiting = self._waiting, []
            for lane, tokens in _tokens_by_lane(steps):
                self._append(self._token_event(steps[0], lane, tokens))
            for top in self._top_events(steps):
                self._append(top)
        # A token is measured in the pass that reads it, which is the next one.
        due = len(self._unmeasured) if ended else len(self._unmeasured) - 1
        ready, self._unmeasured = self._unmeasured[: max(0, due)], self._unmeasured[max(0, due) :]
        for event in self._meter_events(ready):
            self._append(event)

    def write_again(self, step: Any) -> None:
        """Write the last token again, because its text was completed after it was written (split UTF-8)."""
        # A token that is still waiting will be written with its full text anyway.
        if all(waiting is not step for waiting in self._waiting):
            self._append(self._token_event(step, 0, [step]))
            for top in self._top_events([step]):
                self._append(top)

    def drop_unmeasured(self, kept: int) -> None:
        """After a rewind to `kept` tokens, drop the pending measurements of removed tokens."""
        self._unmeasured = [step for step in self._unmeasured if step.index < kept]

    def _batch_key(self, step: Any) -> tuple[str, bool, str]:
        """The values that all tokens of a batch have in common."""
        return self._stamps[step.revision].mix, step.compiled, step.region

    def _token_event(self, first: Any, lane: int, tokens: list[Any]) -> TokensGenerated:
        return TokensGenerated(
            gen=self._gen,
            i=first.index,
            ids=tuple(token.token_id for token in tokens),
            text=tuple(token.text for token in tokens),
            lp=tuple(token.logprob for token in tokens),
            mix=self._stamps[first.revision].mix,
            lane=lane,
            by="compiled" if first.compiled else "",
            # Other lanes may be elsewhere in their answers.
            region="" if lane or first.region == ANSWER else first.region,
        )

    def _top_events(self, steps: list[Any]) -> Iterator[TopTokens]:
        """The alternatives of lane 0 and of each forced lane, if requested."""
        yield from self._top_event(steps, 0, [step.top for step in steps])
        for lane in steps[0].forced:
            yield from self._top_event(steps, lane, [step.forced[lane].top for step in steps])

    def _top_event(self, steps: list[Any], lane: int, rows: list[Any]) -> Iterator[TopTokens]:
        if all(rows):
            has_other = all(row[0].other is not None for row in rows)
            yield TopTokens(
                gen=self._gen,
                i=steps[0].index,
                ids=tuple(tuple(each.token_id for each in row) for row in rows),
                text=tuple(tuple(each.text for each in row) for row in rows),
                p=tuple(tuple(round_digits(each.p) for each in row) for row in rows),
                other=tuple(tuple(round_digits(each.other) for each in row) for row in rows)
                if has_other
                else (),
                lane=lane,
            )

    def _meter_events(self, steps: list[Any]) -> Iterator[MeterReadings]:
        """One event per run of tokens with the same set of measurements."""
        rows = [(step.index, *_token_readings(step, self._stamps[step.revision].labels)) for step in steps]
        # A mixer or cap change in the batch changes which channels are measured.
        for _, run in groupby(rows, key=lambda row: [list(column) for column in row[1:]]):
            block = list(run)
            proj, after, hits, values = (_columns([row[k] for row in block]) for k in (1, 2, 3, 4))
            if proj or values:
                yield MeterReadings(
                    gen=self._gen, i=block[0][0], proj=proj, after=after, hits=hits, values=values
                )


def _tokens_by_lane(steps: list[Any]) -> Iterator[tuple[int, list[Any]]]:
    """The tokens of the answer, and of each other lane that is not finished."""
    yield 0, steps
    # Lane 0 is the step itself; `lane_tokens` are the other lanes.
    for lane in range(len(steps[0].lane_tokens)):
        tokens = [step.lane_tokens[lane] for step in steps if not step.lane_tokens[lane].finished]
        if tokens:
            yield lane + 1, tokens


def _token_readings(
    step: Any, labels: tuple[str, ...]
) -> tuple[dict[str, float], dict[str, float], dict[str, float], dict[str, float]]:
    """Mean projections over the measured layers before and after steering, active caps, and per-token values."""
    proj: dict[str, float] = {}
    after: dict[str, float] = {}
    for channel, layers in (step.projections or {}).items():
        if channel < len(labels) and layers:
            proj[labels[channel]] = sum(pair[0] for pair in layers.values()) / len(layers)
            after[labels[channel]] = sum(pair[1] for pair in layers.values()) / len(layers)
    hits = {labels[i]: float(active) for i, active in step.held_on_bound.items() if i < len(labels)}
    values = {"entropy": round_digits(step.entropy)}
    if step.delta is not None:
        values["delta"] = round_digits(step.delta)
    if step.experts is not None:
        values["experts"] = round_digits(step.experts)
    for reading in step.forced.values():
        values |= {"kl": round_digits(reading.kl), "lp0": reading.logprob, "rank": float(reading.rank)}
        values["entropy0"] = round_digits(reading.entropy)
    return proj, after, hits, values


def _columns(rows: list[dict[str, float]]) -> dict[str, tuple[float, ...]]:
    return {name: tuple(row[name] for row in rows) for name in rows[0]}
