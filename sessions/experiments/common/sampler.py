"""Who is asked: a model that speaks under conditions, seen so narrowly that a script can stand in for it.

`sessions.experiments.resident` is the real one.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

from core.mixer.mixer import Mixer

LABEL = 200
Work: TypeAlias = Generator[Any, Any, Any]
Ids = tuple[int, ...]


@dataclass(frozen=True)
class SamplePrompt:
    """What is asked. `group` is its scenario or domain; `raw` goes without a chat template; `about` holds what a
    pack says beyond the words (keywords of a task, a distractor, …)."""

    id: str
    messages: tuple[Mapping[str, str], ...]
    raw: bool = False
    group: str = ""
    about: Mapping[str, Any] = field(default_factory=dict)

    @property
    def text(self) -> str:
        return self.messages[-1]["content"]

    @property
    def label(self) -> str:
        """One line that names it and says what was asked."""
        return f"{self.id}: {' '.join(self.text.split())}"[:LABEL]


@dataclass(frozen=True)
class GenerationSettings:
    """Settings of an answer. Lanes of one batch draw with the same random numbers, and so does every condition."""

    max_new: int = 60
    temperature: float = 0.7
    seed: int = 0
    cache: str = "keep"
    ignore_end: bool = False
    repetition_penalty: float = 1.0

    @classmethod
    def from_params(
        cls, params: Mapping[str, Any], max_new: int | None = None, cache: str = "keep"
    ) -> GenerationSettings:
        """As an experiment's parameters say."""
        drawn = params["temperature"], params["seed"], cache
        return cls(max_new or params["max_new"], *drawn, repetition_penalty=params["repetition_penalty"])


@dataclass(frozen=True)
class LaneEdit:
    """Before token `at`: words enter the context of every lane, or the lanes' mixers change (one for each)."""

    at: int
    text: str = ""
    role: str = "model"
    mixers: tuple[Mixer, ...] = ()


@dataclass(frozen=True)
class GeneratedTokens:
    """One answer: its own tokens with the log-probabilities they were said at and the text each of them added, and
    what was put in between, as (before which token, ids)."""

    ids: Ids
    text: str
    logprobs: tuple[float, ...] = ()
    inserted: tuple[tuple[int, Ids], ...] = ()
    pieces: tuple[str, ...] = ()

    def interleave(self) -> tuple[list[int], list[int]]:
        """All ids after the prompt in the order in which they were heard, and where the model's own ones stand."""
        ids: list[int] = []
        own: list[int] = []
        put = dict(self.inserted)
        for place, token in enumerate(self.ids):
            ids += put.get(place, ())
            own.append(len(ids))
            ids.append(token)
        return [*ids, *put.get(len(self.ids), ())], own

    def to_json(self) -> dict[str, Any]:
        inserted = [[at, list(ids)] for at, ids in self.inserted]
        return {
            "ids": list(self.ids),
            "text": self.text,
            "logprobs": list(self.logprobs),
            "inserted": inserted,
            "pieces": list(self.pieces),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> GeneratedTokens:
        inserted = tuple((at, tuple(ids)) for at, ids in data["inserted"])
        said = tuple(data["ids"]), data["text"], tuple(data["logprobs"])
        return cls(*said, inserted, tuple(data["pieces"]))


@dataclass(frozen=True)
class AnswerReading:
    """A text as the unsteered model reads it, one number per own token: −log p, KL(steered ‖ unsteered) where it was
    said under a mixer, and its projections on a vector by layer. `entropy` is that of the distribution each token was
    drawn from, steering and all."""

    nll: tuple[float, ...]
    kl: tuple[float, ...] = ()
    projections: Mapping[int, tuple[float, ...]] = field(default_factory=dict)
    entropy: tuple[float, ...] = ()

    def to_json(self) -> dict[str, Any]:
        projected = {str(layer): list(row) for layer, row in self.projections.items()}
        rows = {"nll": list(self.nll), "kl": list(self.kl), "entropy": list(self.entropy)}
        return rows | {"projections": projected}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> AnswerReading:
        projected = {int(layer): tuple(row) for layer, row in data["projections"].items()}
        return cls(tuple(data["nll"]), tuple(data["kl"]), projected, tuple(data["entropy"]))


@dataclass(frozen=True)
class PromptProjections:
    """A prompt token by token: what each adds to its text, and its projection on a vector by layer."""

    pieces: tuple[str, ...]
    projections: Mapping[int, tuple[float, ...]]

    def to_json(self) -> dict[str, Any]:
        projected = {str(layer): list(row) for layer, row in self.projections.items()}
        return {"pieces": list(self.pieces), "projections": projected}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> PromptProjections:
        projected = {int(layer): tuple(row) for layer, row in data["projections"].items()}
        return cls(tuple(data["pieces"]), projected)


class ModelSampler(Protocol):
    """What an experiment may ask of a model. The generators are parts of jobs: they yield steps and return."""

    @property
    def name(self) -> str: ...

    @property
    def identity(self) -> str:
        """Another model has another one: part of the key under which answers are remembered."""
        ...

    @property
    def n_layers(self) -> int: ...

    @property
    def residual(self) -> Mapping[int, float]:
        """Mean residual norm by layer."""
        ...

    @property
    def model(self) -> Any:
        """The `core.Model` behind it, for jobs that are no experiments."""
        ...

    def vector(self, name: str) -> Any:
        """A vector from a file or the library, held against this model."""
        ...

    def random(self, vector: Any, seed: int) -> Any:
        """A random direction with the layers, norms and gaps of a vector."""
        ...

    def load_other(self, name: str) -> Work:
        """Another model as a voice, loaded beside this one."""
        ...

    def generate(
        self,
        prompt: SamplePrompt,
        mixers: Sequence[Mixer],
        how: GenerationSettings,
        cues: Sequence[LaneEdit] = (),
    ) -> Work:
        """The prompt under every mixer, as lanes of one batch; returns a list of `Spoken`, one for each."""
        ...

    def read(
        self, prompt: SamplePrompt, said: GeneratedTokens, mixer: Mixer | None = None, vector: Any = None
    ) -> Work:
        """A `Reading` of something that was said."""
        ...

    def distributions(self, prompt: SamplePrompt, said: GeneratedTokens, mixer: Mixer | None = None) -> Work:
        """[own tokens, vocabulary] log-probabilities as a numpy array: what each token could have been."""
        ...

    def measure_propensities(self, contrast: str, count: int, mixers: Sequence[Mixer]) -> Work:
        """Per mixer, one number per pair of a contrast set: how much likelier its positive words are."""
        ...

    def text_logprobs(self, prompt: SamplePrompt, texts: Sequence[str], *, after: str = "") -> Work:
        """Per text the log-probabilities of its tokens as what comes next, unsteered; `after` was said already."""
        ...

    def read_prompt(self, prompt: SamplePrompt, vector: Any) -> Work:
        """The whole prompt as the unsteered model hears it: a `Heard`."""
        ...

    def first_tokens(self, words: Sequence[str]) -> frozenset[int]:
        """The ids of the tokens that any of the words begins with, behind a space or at the start of a text."""

    def states(self, prompts: Sequence[SamplePrompt]) -> Work:
        """{layer: [prompts, width]} as numpy arrays: the unsteered model where its answer is about to begin."""
        ...

    def mean_states(self, texts: Sequence[str]) -> Work:
        """[texts, width] as a numpy array: the unsteered model's states two thirds up, averaged over each text."""
        ...

    def direction(self, name: str, rows: Mapping[int, Any]) -> Any:
        """A vector of one row per layer."""
        ...

    def blend(self, base: Any, share: float, *, shuffled: bool = False) -> Work:
        """This model with `share` of its difference to `base` taken out of the weights: W − share·(W − W_base).
        `shuffled`: the same numbers taken out at other places of each matrix, as a control."""
        ...
