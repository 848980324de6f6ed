"""The real engine, session and socket with a scripted model behind them, for tests of the screen.

Time is in the test's hands: a token is made when the metronome ticks, and not before.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from core.errors import ModelError
from core.jobs import job
from core.mixer.mixer import Mixer
from sessions.live import token_batch
from sessions.live.backend import PreparedAnswer, Progress
from steertui import paths
from steertui.engine.inline import InlineEngine
from steertui.engine.process import EngineProcess
from steertui.engine.sockets import EngineSocket
from tests.sessions import scripted

HANG_S = 300.0
"""Nothing that goes on takes so long, on the busiest machine either."""
LAYERS = 10
WAIT = None
TEXT = (
    "I will not give up on the parser. After that, trace the config file again until it is right. "
    "It all seems pointless to me. Whatever, the parser can gather dust. Perhaps go for a walk."
)


def words(text: str = TEXT) -> list[str]:
    """One token per word, with its space in front."""
    first, *rest = text.split(" ")
    return [first, *(f" {word}" for word in rest)]


class Metronome:
    """Lets the model make as many tokens as it was told, and wait."""

    def __init__(self) -> None:
        self._permits = threading.Semaphore(0)

    def tick(self, tokens: int = 1) -> None:
        self._permits.release(tokens)

    def wait(self) -> None:
        if not self._permits.acquire(timeout=HANG_S):
            raise TimeoutError("the test never ticked")


class Answer(scripted.Answer):
    """Speaks the script; a channel's projection is its scale, negative when flipped. `shadow`: see `shadowed`."""

    def __init__(
        self, mixer: Mixer, script: Sequence[str], metronome: Metronome, shadow: str | None = None
    ) -> None:
        super().__init__(mixer, len(script), metronome.wait)
        self._script, self._shadow = script, shadow

    def __iter__(self) -> Iterator[scripted.Step]:
        for step in super().__iter__():
            step.text = self._script[step.index]
            step.token_id = self._script.index(step.text)
            shadowed(step, self._shadow)
            yield step


def shadowed(step: scripted.Step, shadow: str | None) -> None:
    """A free shadow counts aloud; a forced one would rather have said the token in capitals, at a KL of its index."""
    if shadow == "free":
        voice = SimpleNamespace(
            token_id=500 + step.index, text=f" {step.index}!", logprob=-1.0, finished=False
        )
        step.lane_tokens = (voice,)
    if shadow == "forced":
        rather = SimpleNamespace(token_id=900 + step.index, text=step.text.upper(), p=0.6, other=0.1)
        said = SimpleNamespace(token_id=step.token_id, text=step.text, p=0.7, other=0.2)
        step.top = (said, rather)
        step.forced = {
            1: SimpleNamespace(kl=float(step.index), logprob=-2.0, rank=3, entropy=1.0, top=(rather,))
        }


@dataclass
class Instrument:
    """A resident model of ten layers that says `script` to everything."""

    name: str
    script: Sequence[str]
    metronome: Metronome
    heard: list[list[dict[str, str]]] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    settings: list[Mapping[str, Any]] = field(default_factory=list)
    max_context: int = 2048
    reading: int = 3

    @property
    def facts(self) -> dict[str, Any]:
        norms = {str(layer): 2.0 + layer for layer in range(LAYERS)}
        shape = {"name": self.name, "n_layers": LAYERS, "hidden_size": 4, "max_context": self.max_context}
        return {**shape, "dtype": "float32", "device": "cpu", "residual_norms": norms}

    def check(self, mixer: Mixer) -> None:
        if any(abs(channel.scale) > 100 for channel in mixer.channels):
            raise scripted.BadInput("too loud for this model")

    def prepare_answer(
        self, messages: list[dict[str, str]], mixer: Mixer, settings: Mapping[str, Any]
    ) -> PreparedAnswer:
        self.heard.append(messages)
        self.settings.append({key: value for key, value in settings.items() if key != "inspect"})
        self.answers.append(Answer(mixer, self.script, self.metronome, settings.get("shadow")))
        return PreparedAnswer(self.answers[-1], (1,) * self.reading, 0, self.answers[-1].inject)

    def share(self) -> Instrument:
        return replace(self)

    def close(self) -> None:
        self.name = "closed"


@dataclass(frozen=True, eq=False)
class Vector:
    """A direction on every layer."""

    name: str
    suggestion: Mapping[str, Any] | None = None

    @property
    def directions(self) -> dict[int, tuple[float, ...]]:
        return dict.fromkeys(range(LAYERS), (1.0, 0.0, 0.0, 0.0))

    @property
    def norms(self) -> dict[int, float]:
        return dict.fromkeys(range(LAYERS), 2.0)

    @property
    def gaps(self) -> dict[int, float]:
        return dict.fromkeys(range(LAYERS), 0.5)

    @property
    def about(self) -> SimpleNamespace:
        return SimpleNamespace(stats={layer: {"midpoint": 0.25} for layer in range(LAYERS)})

    def percentile(self, layer: int, q: float) -> float | None:
        return {5: 0.0, 25: 1.0, 50: 2.0, 75: 3.0, 95: 4.0}.get(q)

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.name.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass
class Studio:
    """`loaded` holds a model back until the test lets it come; every vector exists but "missing"."""

    script: Sequence[str] = field(default_factory=words)
    metronome: Metronome = field(default_factory=Metronome)
    loaded: threading.Event = field(default_factory=threading.Event)
    instrument: Instrument | None = None

    def check_load(self, name: str, options: Mapping[str, Any]) -> None:
        if name.startswith("no-model"):
            raise ModelError(f"no folder or demo named {name}, and the hub has no such model")

    def load(self, name: str, options: Mapping[str, Any], progress: Progress) -> Instrument:
        progress(0.5, "weights")
        if not self.loaded.wait(HANG_S):
            raise TimeoutError("the test never let the model load")
        self.instrument = Instrument(name, self.script, self.metronome)
        return self.instrument

    def read_vector(self, source: str, keep: Path | None, *, force: bool = False) -> Vector:
        if source == "missing":
            raise scripted.BadInput("there is no vector 'missing'")
        return Vector(source)


@dataclass
class Script:
    """A job for `sessions.job_factories.JOBS` that reports what it was given; at a `WAIT` it waits for the test."""

    events: Sequence[job.JobEvent | None]
    end: Mapping[str, Any] | Exception = field(default_factory=dict)
    metronome: Metronome = field(default_factory=Metronome)
    asked: list[Mapping[str, Any]] = field(default_factory=list)

    def __call__(self, instrument: Any, params: Mapping[str, Any]) -> job.Job:
        self.asked.append(params)
        for event in self.events:
            yield job.worker_task(self.metronome.wait) if event is WAIT else event
        if isinstance(self.end, Exception):
            raise self.end
        return self.end

    def go(self) -> None:
        self.metronome.tick()


@contextmanager
def _every_token_at_once() -> Iterator[None]:
    """No batching: a model that waits for a tick must not sit on the tokens it has made."""
    usual, token_batch.WAIT_S = token_batch.WAIT_S, 0.0
    try:
        yield
    finally:
        token_batch.WAIT_S = usual


@contextmanager
def engine(
    studio: Studio | None = None, *, name: str = "test", model: str = "scripted", record: bool = False
) -> Iterator[InlineEngine]:
    """An engine on a thread of this process; its model is there unless the studio holds it back."""
    if studio is None:
        studio = Studio()
        studio.loaded.set()
    with _every_token_at_once():
        running = InlineEngine(
            EngineProcess(
                EngineSocket(paths.runtime_folder(), name),
                studio,
                paths.sessions_folder() if record else None,
                model,
            )
        )
        try:
            yield running
        finally:
            studio.loaded.set()
            studio.metronome.tick(100_000)
            running.close()
