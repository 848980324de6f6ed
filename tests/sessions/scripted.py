"""A studio without a model: it speaks a given text at a given pace and reports exactly what steered each token.

It keeps the promises of `core.generation.live` (tickets, notices, indices) with a few lines of plain Python, so that
journal, session and socket can be tested by the thousand, and killed, without torch.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from core.errors import BadInput, ModelError, OutOfMemory
from core.mixer.mixer import Mixer
from sessions.live.backend import PreparedAnswer, Progress

WORDS = ("the ", "quick ", "brown ", "fox ", "jumps ", "over ", "a ", "lazy ", "dog ", "and ")


@dataclass
class Step:
    index: int
    token_id: int
    text: str
    logprob: float
    revision: int
    entropy: float = 1.0
    lane_tokens: tuple[Any, ...] = ()
    forced: dict[int, Any] = field(default_factory=dict)
    projections: dict[int, dict[int, tuple[float, float]]] | None = None
    held_on_bound: dict[int, bool] = field(default_factory=dict)
    delta: float | None = None
    experts: float | None = None
    top: tuple[Any, ...] = ()
    compiled: bool = False
    region: str = "answer"


@dataclass
class Ticket:
    revision: int
    mixer: Mixer
    at: int
    superseded: bool = False


class Answer:
    """`lived` is what really steered each token: the mixer JSON, to hold the journal against."""

    def __init__(self, mixer: Mixer, count: int, wait: Callable[[], None]) -> None:
        self.stop_reason: str | None = None
        self.on_notice: Any = None
        self.steps: list[Step] = []
        self.lived: list[dict[str, Any]] = []
        self._count, self._wait = count, wait
        self._lock = threading.Lock()
        self._newest = Ticket(0, mixer, 0)
        self._pending: Ticket | None = None
        self._current = self._newest
        self._next = 0
        self._cancelled = False
        self._asked: deque[Callable[[], None]] = deque()

    def set(self, mixer: Mixer) -> Ticket:
        with self._lock:
            if self._pending:
                self._pending.superseded = True
            self._newest = self._pending = Ticket(self._newest.revision + 1, mixer, self._next)
            return self._newest

    def cancel(self) -> None:
        self._cancelled = True

    def rewind(self, tokens: int) -> None:
        self._asked.append(lambda: self._go_back(tokens))

    def settle(self) -> None:
        while self._asked:
            self._asked.popleft()()

    def inject(self, text: str, how: str) -> None:
        role = "model" if how == "own" else how
        self._asked.append(lambda: self._tell("inject", text=text, role=role, ids=[99]))

    def __iter__(self) -> Iterator[Step]:
        while self._proceed():
            with self._lock:
                self._current, self._pending = self._pending or self._current, None
                self._next = len(self.steps) + 1
            self._wait()
            if self.steps:
                self.steps[-1].projections = {
                    k: {3: (0.5, 0.25)} for k in range(len(self._current.mixer.channels))
                }
            index = len(self.steps)
            step = Step(index, index % 50, WORDS[index % len(WORDS)], -0.5, self._current.revision)
            self.steps.append(step)
            self.lived.append(self._current.mixer.to_json())
            yield step

    def _proceed(self) -> bool:
        self.settle()
        if self._cancelled:
            self.stop_reason = "cancel"
        elif len(self.steps) >= self._count:
            self.stop_reason = "length"
        return self.stop_reason is None

    def _go_back(self, tokens: int) -> None:
        keep = max(0, len(self.steps) - tokens)
        del self.steps[keep:], self.lived[keep:]
        with self._lock:
            self._next = keep
            if self._pending:
                self._pending.at = keep
        self._tell("rewind", tokens=tokens)

    def _tell(self, kind: str, **data: Any) -> None:
        self.on_notice(kind, {"at": len(self.steps), **data})


class FailingAnswer(Answer):
    """Breaks at its third token, as a model may."""

    def __iter__(self) -> Iterator[Step]:
        for step in super().__iter__():
            if step.index == 3:
                raise BadInput("token 3: the model's logits are not finite")
            yield step


class HungryAnswer(Answer):
    """Finds no memory for its third token."""

    def __iter__(self) -> Iterator[Step]:
        for step in super().__iter__():
            if step.index == 3:
                raise OutOfMemory("out of memory after 3 tokens")
            yield step


ANSWERS = {"break off": FailingAnswer, "run out of memory": HungryAnswer}
"""What is said to an answer that breaks."""


@dataclass
class Instrument:
    """`wait` runs before every token; settings: max_new_tokens."""

    name: str
    wait: Callable[[], None]
    answers: list[Answer] = field(default_factory=list)
    heard: list[list[dict[str, str]]] = field(default_factory=list)

    @property
    def facts(self) -> dict[str, Any]:
        return {"name": self.name, "n_layers": 10, "hidden_size": 4}

    def check(self, mixer: Mixer) -> None:
        if any(channel.scale > 100 for channel in mixer.channels):
            raise BadInput("too loud for this model")

    def prepare_answer(
        self, messages: list[dict[str, str]], mixer: Mixer, settings: Mapping[str, Any]
    ) -> PreparedAnswer:
        if messages[-1]["content"] == "too long":
            raise BadInput("prompt is 9000 tokens, limit 8192")
        self.heard.append(messages)
        kind = ANSWERS.get(messages[-1]["content"], Answer)
        answer = kind(mixer, int(settings.get("max_new_tokens", 20)), self.wait)
        self.answers.append(answer)
        return PreparedAnswer(answer, (1, 2, 3), 0, answer.inject)

    def forget(self) -> None:
        self.answers.clear()

    def share(self) -> Instrument:
        return replace(self)

    def close(self) -> None:
        self.name = "closed"


@dataclass(frozen=True, eq=False)
class Vector:
    name: str
    directions: Mapping[int, tuple[float, ...]]
    norms: Mapping[int, float]

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.name.encode()).hexdigest()


@dataclass
class Studio:
    """Loads any name but "absent"; every vector exists but "missing"."""

    pace: float = 0.0
    wait: Callable[[], None] | None = None
    instruments: list[Instrument] = field(default_factory=list)

    def check_load(self, name: str, options: Mapping[str, Any]) -> None:
        if name == "nowhere":
            raise ModelError("there is no model 'nowhere'")

    def load(self, name: str, options: Mapping[str, Any], progress: Progress) -> Instrument:
        progress(0.5, "weights")
        if name == "absent":
            raise ModelError("there is no model 'absent'")
        instrument = Instrument(name, self.wait or (lambda: time.sleep(self.pace)))
        self.instruments.append(instrument)
        return instrument

    def read_vector(self, source: str, keep: Path | None, *, force: bool = False) -> Vector:
        if source == "missing":
            raise BadInput("there is no vector 'missing'")
        return Vector(source, {3: (1.0, 0.0, 0.0, 0.0)}, {3: 2.0})
