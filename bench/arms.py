"""Fair comparisons on a machine that is not ours alone.

All arms run in one process, one after the other within each repetition, so that whatever else the machine
does falls on all of them. Ratios are taken per repetition and then the median: absolute rates are never a
goal. CPU time is what counts on a CPU; where wall time ran well ahead of it, somebody else had the core,
caches included, and there is no verdict.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

import torch

MOST_WALL_PER_CPU = 1.1
TIME = {"cpu": lambda lap: lap.cpu, "wall": lambda lap: lap.wall}


@dataclass(frozen=True)
class Setting:
    """How often and where; a GPU works behind the process's back, so there it is wall time that counts."""

    repetitions: int = 7
    device: str = "cpu"

    @property
    def clock(self) -> str:
        return "cpu" if self.device == "cpu" else "wall"

    def sync(self) -> None:
        if self.device != "cpu":
            torch.cuda.synchronize(self.device)


@dataclass(frozen=True)
class Arm:
    """Something to be timed: does its work once and says how many units (tokens, steps) it got done. One that
    works in a process of its own times itself.
    """

    name: str
    run: Callable[[], int]
    timed: Callable[[], Lap] | None = None


@dataclass(frozen=True)
class Lap:
    """One run of one arm."""

    cpu: float
    wall: float
    units: int

    def rate(self, clock: str = "cpu") -> float:
        return self.units / TIME[clock](self)


@dataclass(frozen=True)
class Goal:
    """`arm` is to reach `at_least` times the rate of `against`."""

    arm: str
    against: str
    at_least: float


@dataclass(frozen=True)
class Check:
    """Timing alone cannot tell whether an arm did its work: `error` must stay below `limit`, or at least
    reach it.
    """

    name: str
    error: float
    limit: float
    at_least: bool = False

    @property
    def holds(self) -> bool:
        return self.error >= self.limit if self.at_least else self.error <= self.limit

    def to_json(self) -> dict[str, Any]:
        return {"check": self.name, "value": self.error, "limit": self.limit, "holds": self.holds}


def race(arms: Sequence[Arm], setting: Setting) -> dict[str, list[Lap]]:
    """Every arm once unmeasured, then all of them in turn, each repetition starting with another arm."""
    for arm in arms:
        arm.run()
    laps: dict[str, list[Lap]] = {arm.name: [] for arm in arms}
    for repetition in range(setting.repetitions):
        first = repetition % len(arms)
        for arm in (*arms[first:], *arms[:first]):
            laps[arm.name].append(_lap(arm, setting))
    return laps


def judge(laps: Mapping[str, Sequence[Lap]], goal: Goal, clock: str = "cpu") -> dict[str, Any]:
    """Median and range of the per-repetition ratios, and whether they say anything."""
    pairs = list(zip(laps[goal.arm], laps[goal.against], strict=True))
    ratios = [ours.rate(clock) / theirs.rate(clock) for ours, theirs in pairs]
    crowding = median(lap.wall / lap.cpu for pair in pairs for lap in pair)
    reached = median(ratios) >= goal.at_least
    quiet = clock == "wall" or crowding <= MOST_WALL_PER_CPU
    return {
        "arm": goal.arm,
        "against": goal.against,
        "median": median(ratios),
        "low": min(ratios),
        "high": max(ratios),
        "at_least": goal.at_least,
        "clock": clock,
        "wall_per_cpu": crowding,
        "verdict": ("reached" if reached else "missed") if quiet else "none",
    }


def _lap(arm: Arm, setting: Setting) -> Lap:
    if arm.timed is not None:
        return arm.timed()
    gc.collect()
    setting.sync()
    cpu, wall = time.process_time(), time.perf_counter()
    units = arm.run()
    setting.sync()
    return Lap(time.process_time() - cpu, time.perf_counter() - wall, units)


def read_clock(setting: Setting) -> float:
    """Seconds on the clock that counts on this device."""
    setting.sync()
    return time.process_time() if setting.clock == "cpu" else time.perf_counter()
