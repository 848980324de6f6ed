"""What a job is: a generator that yields events for whoever watches, and steps for whoever runs it.

A step says where its work belongs: `gpu` for forward passes, `side` for everything that must not hold the
GPU up. The result of a step is what the generator's `yield` returns. A step with a key and a JSON result
is remembered, so a job that runs again walks through the same code, meets its finished steps already
answered, and reports the same events.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar, TypeAlias

Json: TypeAlias = Any


@dataclass(frozen=True)
class Event:
    """Something a job reports; `kind` is its name in journals and on sockets."""

    kind: ClassVar[str] = ""
    kinds: ClassVar[dict[str, type[Event]]] = {}

    def __init_subclass__(cls, kind: str) -> None:
        cls.kind = kind
        Event.kinds[kind] = cls

    def to_json(self) -> dict[str, Json]:
        return {"kind": self.kind, **asdict(self)}

    @staticmethod
    def from_json(data: Mapping[str, Json]) -> Event:
        settings = {name: value for name, value in data.items() if name != "kind"}
        return Event.kinds[data["kind"]](**settings)


@dataclass(frozen=True)
class Progress(Event, kind="progress"):
    done: int
    total: int
    unit: str = ""


@dataclass(frozen=True)
class Row(Event, kind="row"):
    """One line of a table."""

    table: str
    key: str
    values: Mapping[str, Json]


@dataclass(frozen=True)
class Point(Event, kind="point"):
    """One point of a curve, with its interval where there is one."""

    series: str
    x: float
    y: float
    lo: float | None = None
    hi: float | None = None


@dataclass(frozen=True)
class Cell(Event, kind="cell"):
    """One square of a grid."""

    grid: str
    row: str | int
    column: str | int
    value: float


@dataclass(frozen=True)
class Sample(Event, kind="sample"):
    """A text the job produced, and under which condition."""

    condition: str
    prompt: str
    text: str
    flags: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "flags", tuple(self.flags))


@dataclass(frozen=True)
class Artifact(Event, kind="artifact"):
    """A file the job left behind."""

    path: str
    sha256: str
    what: str = ""


@dataclass(frozen=True)
class End(Event, kind="end"):
    """`status`: done, cancelled or failed; a failed job's summary holds `error` and `exit_code`."""

    status: str
    summary: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True)
class Step:
    """Work to be run between two events. `where` is gpu or side; only steps with a key are remembered.

    One that does not keep only looks up what an earlier run kept under its key.
    """

    work: Callable[[], Any]
    where: str
    key: str | None = None
    keeps: bool = True


def gpu(work: Callable[[], Any], key: str | None = None) -> Step:
    """A forward pass, or a few: chat waits for at most one step."""
    return Step(work, "gpu", key)


def side(work: Callable[[], Any], key: str | None = None) -> Step:
    """A judge's call, a weight difference, a plot: never holds the GPU."""
    return Step(work, "side", key)


class Cancelled(Exception):
    """Thrown into a job where it waits; it may catch this, report what it has and return a summary."""


Job: TypeAlias = Generator[Event | Step, Any, Mapping[str, Json] | None]


def unit(key: str, work: Callable[[], Generator[Any, Any, Json]]) -> Generator[Any, Any, Json]:
    """Many steps remembered as one: each stays short, so that chat goes first, and a rerun skips them together."""
    found = yield Step(lambda: None, "gpu", key, keeps=False)
    if found is not None:
        return found
    made = yield from work()
    return (yield gpu(lambda: made, key))
