"""A voice without a model: it says what a script says under each mixer, so that every rate is known beforehand."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np

from core.jobs import gpu, side
from core.mixer import Mixer
from sessions.experiments.voice import Cue, How, Prompt, Reading, Spoken

LAYERS = (2, 3)
STATS = {
    layer: {"positive": {"mean": 3.0}, "negative": {"mean": -1.0}, "neutral": {"mean": 1.0}}
    for layer in LAYERS
}


def vector(name: str = "scripted", **about: Any) -> Any:
    """Torch-free: named, hashed, with a card's suggestion and class statistics."""
    return SimpleNamespace(
        name=name,
        sha256=f"{zlib.crc32(name.encode()):08x}",
        directions=dict.fromkeys(LAYERS),
        layers=LAYERS,
        suggestion={"layers": list(LAYERS), "unit": "natural", "scale": 1.0, "split": False},
        about=SimpleNamespace(stats=STATS, **about),
    )


def dose(mixer: Mixer, name: str = "scripted") -> float:
    """How much of a vector a mixer plays, its sign included."""
    playing = [mixer.channels[i] for i in mixer.playing()]
    return sum(-c.scale if c.flipped else c.scale for c in playing if c.vector.name == name)


@dataclass
class ScriptedVoice:
    """`says(prompt, mixer)` is the answer; `nll(text)` what the unsteered model thinks of each of its tokens.

    `asked` notes every prompt that really was spoken to, `others` holds the models that may be loaded beside it.
    """

    says: Callable[[Prompt, Mixer], str]
    nll: Callable[[str], float] = lambda text: 1.0
    projects: Callable[[str], float] = lambda text: 0.0
    prefers: Callable[[Mixer, int], float] = lambda mixer, pair: 0.0
    name: str = "scripted"
    n_layers: int = 4
    others: Mapping[str, ScriptedVoice] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    @property
    def identity(self) -> str:
        return f"identity of {self.name}"

    @property
    def residual(self) -> Mapping[int, float]:
        return dict.fromkeys(range(self.n_layers), 2.0)

    def vector(self, name: str) -> Any:
        return vector(name)

    def random(self, like: Any, seed: int) -> Any:
        return vector(f"random {seed}")

    def other(self, name: str) -> Any:
        return (yield side(lambda: self.others[name]))

    def speak(self, prompt: Prompt, mixers: Sequence[Mixer], how: How, cues: Sequence[Cue] = ()) -> Any:
        yield gpu(lambda: self.asked.append(prompt.id))
        return [spoken(self.says(prompt, mixer)) for mixer in mixers]

    def read(self, prompt: Prompt, said: Spoken, mixer: Mixer | None = None, vector: Any = None) -> Any:
        yield gpu(lambda: None)
        count = len(said.ids)
        projections = {} if vector is None else {LAYERS[0]: (self.projects(said.text),) * count}
        kl = (abs(dose(mixer)) if mixer else 0.0,) * count
        return Reading((self.nll(said.text),) * count, kl, projections)

    def distributions(self, prompt: Prompt, said: Spoken, mixer: Mixer | None = None) -> Any:
        yield gpu(lambda: None)
        return np.zeros((len(said.ids), 2), np.float32)

    def tendencies(self, contrast: str, count: int, mixers: Sequence[Mixer]) -> Any:
        yield gpu(lambda: None)
        return [[self.prefers(mixer, pair) for pair in range(count)] for mixer in mixers]


def spoken(text: str) -> Spoken:
    """One token per word, another one at every place: repetition is not what is scripted here."""
    ids = tuple(zlib.crc32(f"{place} {word}".encode()) % 50_000 for place, word in enumerate(text.split()))
    return Spoken(ids, text, (-1.0,) * len(ids))
