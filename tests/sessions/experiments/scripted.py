"""A voice without a model: it says what a script says under each mixer, so that every rate is known beforehand."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

import numpy as np

from core.jobs.job import gpu_task, worker_task
from core.mixer.mixer import Mixer
from sessions.experiments.common.sampler import (
    AnswerReading,
    GeneratedTokens,
    GenerationSettings,
    LaneEdit,
    PromptProjections,
    SamplePrompt,
)
from vectors.embedding.text_embedding import UnfitEmbedding

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
    playing = [mixer.channels[i] for i in mixer.active_indices()]
    return sum(-c.scale if c.flipped else c.scale for c in playing if c.vector.name == name)


class WordEmbedding:
    """A text's row counts its words."""

    identity, warning = "words", "only words are compared"

    def missing(self, texts: Sequence[str]) -> list[str]:
        return []

    def embed(self, texts: Sequence[str]) -> Any:
        yield gpu_task(lambda: None)
        rows = np.zeros((len(texts), 256))
        for row, text in zip(rows, texts, strict=True):
            for word in text.lower().split():
                row[zlib.crc32(word.strip("?!.,").encode()) % 256] += 1.0
        return rows

    def facts(self) -> dict[str, Any]:
        return {"embedded_by": "words", "auroc": 1.0}


@dataclass
class ScriptedVoice:
    """`says(prompt, mixer)` is the answer; `nll(text)` what the unsteered model thinks of each of its tokens, or
    `token(word)` both −log p and projection of a single one.

    `asked` notes every prompt that really was spoken to, `others` holds the models that may be loaded beside it.
    """

    says: Callable[[SamplePrompt, Mixer], str]
    nll: Callable[[str], float] = lambda text: 1.0
    projects: Callable[[str], float] = lambda text: 0.0
    token: Callable[[str], tuple[float, float]] | None = None
    prefers: Callable[[Mixer, int], float] = lambda mixer, pair: 0.0
    name: str = "scripted"
    n_layers: int = 4
    place: float = 0.0
    tokens: float = 0.5
    pulled: float = 0.0
    meaning: bool = True
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

    def load_other(self, name: str) -> Any:
        return (yield worker_task(lambda: self.others[name]))

    def generate(
        self,
        prompt: SamplePrompt,
        mixers: Sequence[Mixer],
        how: GenerationSettings,
        cues: Sequence[LaneEdit] = (),
    ) -> Any:
        yield gpu_task(lambda: self.asked.append(prompt.id))
        return [self._cued(prompt, lane, mixer, cues) for lane, mixer in enumerate(mixers)]

    def _cued(
        self, prompt: SamplePrompt, lane: int, mixer: Mixer, cues: Sequence[LaneEdit]
    ) -> GeneratedTokens:
        """Words up to a cue from the mixer before it, then from the one after; what is put in is three tokens long."""
        text, put = self.says(prompt, mixer), []
        for cue in cues:
            if cue.mixers:
                later = self.says(prompt, cue.mixers[lane]).split()[cue.at :]
                text = " ".join([*text.split()[: cue.at], *later])
            if cue.text and len(text.split()) >= cue.at:
                put.append((cue.at, (1, 2, 3)))
        return replace(spoken(text), inserted=tuple(put))

    def read(
        self, prompt: SamplePrompt, said: GeneratedTokens, mixer: Mixer | None = None, vector: Any = None
    ) -> Any:
        yield gpu_task(lambda: None)
        count = len(said.ids)
        kl = (abs(dose(mixer)) if mixer else 0.0,) * count
        if self.token:
            rows = [self.token(piece.strip()) for piece in said.pieces]
            nll, stance = (tuple(column) for column in zip(*rows, strict=True)) if rows else ((), ())
            return AnswerReading(nll, kl, {} if vector is None else {LAYERS[0]: stance})
        projections = {} if vector is None else {LAYERS[0]: (self.projects(said.text),) * count}
        return AnswerReading((self.nll(said.text),) * count, kl, projections)

    def distributions(self, prompt: SamplePrompt, said: GeneratedTokens, mixer: Mixer | None = None) -> Any:
        """A coin per token: `tokens` is how likely it falls on the first side, moved by what is subtracted."""
        yield gpu_task(lambda: None)
        p = min(max(self.tokens + self.pulled * (dose(mixer, "tuned − base") if mixer else 0.0), 0.01), 0.99)
        return np.log(np.tile([p, 1 - p], (len(said.ids), 1)))

    def measure_propensities(self, contrast: str, count: int, mixers: Sequence[Mixer]) -> Any:
        yield gpu_task(lambda: None)
        return [[self.prefers(mixer, pair) for pair in range(count)] for mixer in mixers]

    def text_logprobs(self, prompt: SamplePrompt, texts: Sequence[str], *, after: str = "") -> Any:
        yield gpu_task(lambda: None)
        return [[-1.0] * len(text.split()) for text in texts]

    def read_prompt(self, prompt: SamplePrompt, vector: Any) -> Any:
        yield gpu_task(lambda: None)
        pieces = tuple(f"{word} " for message in prompt.messages for word in message["content"].split())
        return PromptProjections(pieces, {LAYERS[0]: tuple(self.projects(piece.strip()) for piece in pieces)})

    def first_tokens(self, words: Sequence[str]) -> frozenset[int]:
        return frozenset()

    def states(self, prompts: Sequence[SamplePrompt]) -> Any:
        """Every layer's states lie at `place` on the first axis, with the prompt's number beside it."""
        yield gpu_task(lambda: None)
        rows = np.array([[self.place, float(number)] for number in range(len(prompts))])
        return dict.fromkeys(range(self.n_layers), rows)

    def text_embedding(self) -> Any:
        """Texts mean the words they hold; refused where `meaning` is off."""
        yield gpu_task(lambda: None)
        if not self.meaning:
            raise UnfitEmbedding(f"{self.name} cannot embed sentences")
        return WordEmbedding()

    def direction(self, name: str, rows: Mapping[int, Any]) -> Any:
        return vector(name)

    def blend(self, base: ScriptedVoice, share: float, *, shuffled: bool = False) -> Any:
        """What is left is this voice up to a half and the base from there on; shuffling leaves it as it is."""
        yield gpu_task(lambda: None)
        left = self if shuffled or share < 0.5 else base
        tokens = self.tokens if shuffled else (1 - share) * self.tokens + share * base.tokens
        return replace(left, name=f"{self.name} − {share:g}", tokens=tokens)


def spoken(text: str) -> GeneratedTokens:
    """One token per word, another one at every place: repetition is not what is scripted here."""
    words = text.split()
    ids = tuple(zlib.crc32(f"{place} {word}".encode()) % 50_000 for place, word in enumerate(words))
    return GeneratedTokens(ids, text, (-1.0,) * len(ids), pieces=tuple(f"{word} " for word in words))
