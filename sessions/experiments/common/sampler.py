"""The narrow model interface that experiments use, so that tests can substitute a scripted one.

`sessions.experiments.scoring.model_sampler` implements it with the loaded model.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from core.jobs.job import Steps
from core.mixer.mixer import Mixer
from sessions.state.answer_settings import AnswerSettings
from vectors.embedding.text_embedding import TextEmbedding

LABEL = 200
Ids = tuple[int, ...]


@dataclass(frozen=True)
class SamplePrompt:
    """A prompt. `group` is its scenario or domain; `raw` skips the chat template; `about` holds the other
    fields of its pack line (keywords of a task, a distractor, …).
    """

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
        """One line with the prompt's id and its text, cut to LABEL characters."""
        return f"{self.id}: {' '.join(self.text.split())}"[:LABEL]


@dataclass(frozen=True)
class GenerationSettings(AnswerSettings):
    """The settings of an experiment's answers; the seed is always a number. All lanes of a batch, and so all
    conditions, draw with the same random numbers.
    """

    seed: int = 0

    @classmethod
    def from_params(
        cls, params: Mapping[str, Any], max_new: int | None = None, cache: str = "keep"
    ) -> GenerationSettings:
        """The settings named by an experiment's parameters."""
        return cls(
            max_new_tokens=max_new or params["max_new"],
            temperature=params["temperature"],
            seed=params["seed"],
            cache=cache,
            repetition_penalty=params["repetition_penalty"],
        )


@dataclass(frozen=True)
class LaneEdit:
    """An edit made before token `at`: text is inserted into the context of every lane, or the mixers
    change (one for each lane).
    """

    at: int
    text: str = ""
    role: str = "model"
    mixers: tuple[Mixer, ...] = ()


@dataclass(frozen=True)
class GeneratedTokens:
    """One answer: its own token ids, their log-probabilities and the text piece each token added;
    `inserted` lists the inserted text as (token position before which it stands, ids).
    """

    ids: Ids
    text: str
    logprobs: tuple[float, ...] = ()
    inserted: tuple[tuple[int, Ids], ...] = ()
    pieces: tuple[str, ...] = ()

    def interleave(self) -> tuple[list[int], list[int]]:
        """All ids after the prompt in context order, and the positions of the model's own tokens among
        them.
        """
        ids: list[int] = []
        own: list[int] = []
        inserted = dict(self.inserted)
        for index, token in enumerate(self.ids):
            ids += inserted.get(index, ())
            # The position of this token in the context, after whatever was inserted before it.
            own.append(len(ids))
            ids.append(token)
        return [*ids, *inserted.get(len(self.ids), ())], own

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
        fields = tuple(data["ids"]), data["text"], tuple(data["logprobs"])
        return cls(*fields, inserted, tuple(data["pieces"]))


@dataclass(frozen=True)
class AnswerReading:
    """Per-token numbers for one answer: −log p under the unsteered model, KL(steered ‖ unsteered) if it
    was generated under a mixer, its projections on a vector by layer, the entropy of the (steered)
    distribution it was drawn from, and that of the unsteered model there.
    """

    nll: tuple[float, ...]
    kl: tuple[float, ...] = ()
    projections: Mapping[int, tuple[float, ...]] = field(default_factory=dict)
    entropy: tuple[float, ...] = ()
    unsteered_entropy: tuple[float, ...] = ()

    def to_json(self) -> dict[str, Any]:
        projected = {str(layer): list(row) for layer, row in self.projections.items()}
        rows = {"nll": list(self.nll), "kl": list(self.kl), "entropy": list(self.entropy)}
        return rows | {"projections": projected, "unsteered_entropy": list(self.unsteered_entropy)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> AnswerReading:
        projected = {int(layer): tuple(row) for layer, row in data["projections"].items()}
        # Answers cached by an earlier version lack the last row.
        beside = tuple(data.get("unsteered_entropy", ()))
        return cls(tuple(data["nll"]), tuple(data["kl"]), projected, tuple(data["entropy"]), beside)


@dataclass(frozen=True)
class PromptProjections:
    """A prompt token by token: the text piece of each token and its projection on a vector by layer."""

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
    """The model interface of experiments. Its generators are parts of jobs: they yield job tasks and
    return a value.
    """

    @property
    def name(self) -> str: ...

    @property
    def identity(self) -> str:
        """Unique per model: part of the key under which answers are cached."""
        ...

    @property
    def n_layers(self) -> int: ...

    @property
    def residual(self) -> Mapping[int, float]:
        """Mean residual norm by layer."""
        ...

    @property
    def model(self) -> Any:
        """The `core.Model` behind it, for jobs that are not experiments."""
        ...

    def vector(self, name: str) -> Any:
        """A vector from a file or the library, checked to fit this model."""
        ...

    def random(self, vector: Any, seed: int) -> Any:
        """A random direction with the same layers, norms and gaps as `vector`."""
        ...

    def load_other(self, name: str) -> Steps[ModelSampler]:
        """Load another model beside this one; returns a `ModelSampler`."""
        ...

    def generate(
        self,
        prompt: SamplePrompt,
        mixers: Sequence[Mixer],
        settings: GenerationSettings,
        cues: Sequence[LaneEdit] = (),
    ) -> Steps[list[GeneratedTokens]]:
        """Answer the prompt under every mixer, as lanes of one batch; returns one `GeneratedTokens` per
        mixer.
        """
        ...

    def read(
        self, prompt: SamplePrompt, generated: GeneratedTokens, mixer: Mixer | None = None, vector: Any = None
    ) -> Steps[AnswerReading]:
        """Measure a generated answer; returns an `AnswerReading`."""
        ...

    def distributions(
        self, prompt: SamplePrompt, generated: GeneratedTokens, mixer: Mixer | None = None
    ) -> Steps[Any]:
        """Log-probabilities at each own token, as a numpy array [own tokens, vocabulary]."""
        ...

    def measure_propensities(
        self, contrast: str, count: int, mixers: Sequence[Mixer]
    ) -> Steps[list[list[float]]]:
        """Per mixer, one number per contrast pair: log p(positive words) − log p(negative words)."""
        ...

    def text_logprobs(
        self, prompt: SamplePrompt, texts: Sequence[str], *, after: str = ""
    ) -> Steps[list[list[float]]]:
        """Per text, the log-probabilities of its tokens as the continuation of prompt + `after`,
        unsteered.
        """
        ...

    def read_prompt(self, prompt: SamplePrompt, vector: Any) -> Steps[PromptProjections]:
        """Run the unsteered model over the whole prompt; returns `PromptProjections`."""
        ...

    def first_tokens(self, words: Sequence[str]) -> frozenset[int]:
        """Ids of the first tokens of the words, with a leading space and without."""

    def states(self, prompts: Sequence[SamplePrompt]) -> Steps[dict[int, Any]]:
        """{layer: [prompts, width]} as numpy arrays: unsteered hidden states at the last prompt token."""
        ...

    def text_embedding(self) -> Steps[TextEmbedding]:
        """The model as an embedding of texts; raises `UnfitEmbedding` where it fails its self-test."""
        ...

    def direction(self, name: str, rows: Mapping[int, Any]) -> Any:
        """A vector from one row per layer."""
        ...

    def blend(self, base: Any, share: float, *, shuffled: bool = False) -> Steps[ModelSampler]:
        """A copy of this model with `share` of its weight difference to `base` removed: W − share·(W −
        W_base). `shuffled` is a control: the same differences at permuted places of each matrix.
        """
        ...
