"""What a session needs from whoever holds the model: the seam between the record of an answer and its making.

The resident model implements it (`sessions.resident`); so does the scripted player of the tests.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from core.mixer import Mixer

LOADING = ("dtype", "device", "device_map", "revision", "quant", "adapter", "layers_path", "force")
"""What can be said about how a model is put into memory."""

Progress = Callable[[float | None, str], None]
Notice = Callable[[str, dict[str, Any]], None]


class Ticket(Protocol):
    """The acknowledgement of a mixer change: it acts from token `at` on, unless it was superseded."""

    revision: int
    at: int
    superseded: bool


class Answer(Protocol):
    """An answer being spoken: iterating drives it, everything else may be called from another thread."""

    stop_reason: str | None
    on_notice: Notice | None

    def __iter__(self) -> Iterator[Any]: ...
    def set(self, mixer: Mixer) -> Ticket: ...
    def rewind(self, tokens: int) -> None: ...
    def settle(self) -> None: ...
    def cancel(self) -> None: ...


@dataclass(frozen=True)
class Speech:
    """An answer that is about to be spoken, with the ids it has to encode and those the cache had already.

    `inject` puts text into it before its next token; `notices` are what its answer could not report itself.
    """

    answer: Answer
    prompt_ids: tuple[int, ...]
    reused: int
    inject: Callable[[str, str], None]
    notices: tuple[tuple[str, dict[str, Any]], ...] = ()


class Instrument(Protocol):
    """A resident model. `facts` identify it, `check` refuses a mixer it cannot play, `forget` empties its cache,
    `beside` is the same model with a conversation of its own."""

    @property
    def facts(self) -> Mapping[str, Any]: ...
    def check(self, mixer: Mixer) -> None: ...
    def speak(self, messages: list[dict[str, str]], mixer: Mixer, settings: Mapping[str, Any]) -> Speech: ...
    def beside(self) -> Instrument: ...
    def forget(self) -> None: ...
    def close(self) -> None: ...


class Studio(Protocol):
    """Where models and vectors come from. `keep`: the folder in which a session keeps what it played."""

    def examine(self, name: str, options: Mapping[str, Any]) -> None: ...
    def load(self, name: str, options: Mapping[str, Any], progress: Progress) -> Instrument: ...
    def vector(self, source: str, keep: Path | None, *, force: bool = False) -> Any: ...
