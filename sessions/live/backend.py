"""The interface between a session and the code that runs the model.

Implemented with torch in `sessions.live.torch_backend`, and by a scripted backend in the tests.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from core.mixer.mixer import Mixer

Progress = Callable[[float | None, str], None]
Notice = Callable[[str, dict[str, Any]], None]


class PendingMixer(Protocol):
    """A queued mixer change: it acts from token `at`, unless it was superseded."""

    revision: int
    at: int
    superseded: bool


class GeneratedAnswer(Protocol):
    """An answer being generated: iterating runs the model; all other methods may be called from another
    thread.
    """

    stop_reason: str | None
    on_notice: Notice | None

    def __iter__(self) -> Iterator[Any]: ...
    def set(self, mixer: Mixer) -> PendingMixer: ...
    def rewind(self, tokens: int) -> None: ...
    def settle(self) -> None: ...
    def cancel(self) -> None: ...


@dataclass(frozen=True)
class PreparedAnswer:
    """An answer ready to be generated, with its uncached prompt ids and the number of cached ones.

    `inject` inserts text before the next token; `notices` are events from before the answer existed.
    """

    answer: GeneratedAnswer
    prompt_ids: tuple[int, ...]
    reused: int
    inject: Callable[[str, str], None]
    notices: tuple[tuple[str, dict[str, Any]], ...] = ()


class LoadedModel(Protocol):
    """A loaded model. `facts` identify it, `check` refuses a mixer it cannot apply, `forget` empties its
    cache, `share` returns the same model with a new conversation.
    """

    @property
    def facts(self) -> Mapping[str, Any]: ...
    def check(self, mixer: Mixer) -> None: ...
    def prepare_answer(
        self, messages: list[dict[str, str]], mixer: Mixer, settings: Mapping[str, Any]
    ) -> PreparedAnswer: ...
    def share(self) -> LoadedModel: ...
    def forget(self) -> None: ...
    def close(self) -> None: ...


class ModelBackend(Protocol):
    """Loads models and vectors. `keep`: the folder for a session's copies of vectors."""

    def check_load(self, name: str, options: Mapping[str, Any]) -> None: ...
    def load(self, name: str, options: Mapping[str, Any], progress: Progress) -> LoadedModel: ...
    def read_vector(self, source: str, keep: Path | None, *, force: bool = False) -> Any: ...
