"""`ModelSampler` on the loaded torch model: conditions run as lanes of one batch, hooks steer and read,
and answers are read again unsteered.

Imported only when a job starts, because it needs torch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

import core
import vectors
from core.activations.capture import capture
from core.generation.chat import as_messages, continuation_text, encode
from core.generation.live import AnswerStream
from core.generation.token_ids import prompt_ids, tokenizer_of
from core.jobs.job import Steps, gpu_task, worker_task
from core.mixer.lanes import Lanes
from core.mixer.mixer import Mixer
from sessions.experiments.common.sampler import (
    AnswerReading,
    GeneratedTokens,
    GenerationSettings,
    Ids,
    LaneEdit,
    PromptProjections,
    SamplePrompt,
)
from vectors.checks import likelihood, separation
from vectors.checks.continuations import find_continuations
from vectors.checks.random_vector import random_vector
from vectors.data.metadata import About
from vectors.embedding.model_embedding import ModelEmbedding, model_embedding
from vectors.vector import SteeringVector

BATCH = 8  # prompts per GPU task, so that a chat never waits long


class TorchSampler:
    """Wraps a `core.Model`; one instance may serve many experiments."""

    def __init__(self, model: core.Model) -> None:
        self.model = model

    @property
    def name(self) -> str:
        return self.model.name

    @property
    def identity(self) -> str:
        return self.model.fingerprint

    @property
    def n_layers(self) -> int:
        return self.model.n_layers

    @property
    def residual(self) -> Mapping[int, float]:
        return self.model.residual_norms

    def vector(self, name: str) -> SteeringVector:
        return vectors.read(name, model=self.model)

    def random(self, vector: SteeringVector, seed: int) -> SteeringVector:
        return random_vector(vector, seed)

    def load_other(self, name: str) -> Steps[TorchSampler]:
        return TorchSampler((yield worker_task(lambda: core.load(name))))

    def prompt_ids(self, prompt: SamplePrompt) -> list[int]:
        return prompt_ids(self.model, prompt.messages, raw=prompt.raw)

    def generate(
        self,
        prompt: SamplePrompt,
        mixers: Sequence[Mixer],
        settings: GenerationSettings,
        cues: Sequence[LaneEdit] = (),
    ) -> Steps[list[GeneratedTokens]]:
        # Changed in place by an edit: the lanes read it at every mixer change.
        lane_mixers = list(mixers)
        lanes = Lanes(lambda mixer: tuple(lane_mixers), tuple(f"lane {i}" for i in range(len(lane_mixers))))
        live = core.stream(
            self.model,
            self.prompt_ids(prompt),
            mixer=lane_mixers[0],
            lanes=lanes,
            meters={},
            **settings.as_json(),
        )
        outputs = [_LaneTokens() for _ in mixers]
        while True:
            # Edits are made between two tokens, before the token they name.
            for edit in (edit for edit in cues if edit.at == len(live.steps)):
                self._apply_edit(edit, prompt, live, lane_mixers, outputs)
            # One task per token, so that a chat can run between two tokens.
            step = yield gpu_task(lambda: next(live, None))
            if step is None:
                break
            for output, token in zip(outputs, (step, *step.lane_tokens), strict=False):
                output.append(token)
        return [output.to_tokens(self.model.tokenizer) for output in outputs]

    def _apply_edit(
        self,
        edit: LaneEdit,
        prompt: SamplePrompt,
        live: AnswerStream,
        lane_mixers: list[Mixer],
        outputs: Sequence[_LaneTokens],
    ) -> None:
        if edit.mixers:
            lane_mixers[:] = edit.mixers
            # Setting lane 0's mixer makes the lanes be computed again from `lane_mixers`.
            live.set(lane_mixers[0])
        if edit.text:
            ids = self._edit_tokens(edit, prompt)
            live.inject_ids(ids, edit.role, edit.text)
            for output in outputs:
                output.insert(edit.at, ids)

    def _edit_tokens(self, edit: LaneEdit, prompt: SamplePrompt) -> list[int]:
        """Token ids of an edit: text of the model's own role as it is, another role inside the chat
        template.
        """
        tokenizer, text = tokenizer_of(self.model), edit.text
        if edit.role != "model":
            turn = {"role": edit.role, "content": text}
            framed = (
                None if prompt.raw else continuation_text(tokenizer, as_messages(prompt.messages), [turn])
            )
            # Without a chat template the text stands as a paragraph of its own.
            text = framed if framed is not None else f"\n\n{text}\n\n"
        return encode(tokenizer, text)

    def read(
        self, prompt: SamplePrompt, generated: GeneratedTokens, mixer: Mixer | None = None, vector: Any = None
    ) -> Steps[AnswerReading]:
        return (yield gpu_task(partial(self._read_answer, prompt, generated, mixer, vector)))

    def _read_answer(
        self, prompt: SamplePrompt, generated: GeneratedTokens, mixer: Mixer | None, vector: Any
    ) -> AnswerReading:
        if not generated.ids:
            return AnswerReading(())
        layers = tuple(vector.layers) if vector is not None else ()
        ids, own, start = self._join_tokens(prompt, generated)
        plain, states = self._unsteered_pass(ids, start, layers)
        chosen = torch.tensor(generated.ids, device=plain.device)
        # Row `own` is the distribution that predicted this token.
        nll = -plain[own].gather(1, chosen[:, None])[:, 0]
        # An unsteered answer differs in nothing from the unsteered model.
        kl: Sequence[float] = () if mixer is None else [0.0] * len(own)
        drawn_from = plain[own]
        if mixer is not None and mixer.active_indices():
            drawn_from = likelihood.token_distributions(self.model, ids, start, mixer)[own]
            kl = (drawn_from.exp() * (drawn_from - plain[own])).nan_to_num(0.0).sum(dim=-1).tolist()
        # 0 · log 0 is NaN and counts as 0.
        entropy, beside = (
            tuple((-(rows.exp() * rows).nan_to_num(0.0).sum(dim=-1)).tolist())
            for rows in (drawn_from, plain[own])
        )
        projections = {
            layer: tuple((hidden[own] @ vector.directions[layer]).tolist())
            for layer, hidden in states.items()
        }
        return AnswerReading(tuple(nll.tolist()), tuple(kl), projections, entropy, beside)

    def distributions(
        self, prompt: SamplePrompt, generated: GeneratedTokens, mixer: Mixer | None = None
    ) -> Steps[NDArray[np.float32]]:
        ids, own, start = self._join_tokens(prompt, generated)

        def work() -> NDArray[np.float32]:
            rows = likelihood.token_distributions(self.model, ids, start, mixer or Mixer())[own]
            return np.asarray(rows.cpu().numpy(), np.float32)

        return (yield gpu_task(work))

    def measure_propensities(
        self, contrast: str, count: int, mixers: Sequence[Mixer]
    ) -> Steps[list[list[float]]]:
        pairs = vectors.contrast(contrast).validated().pairs[:count]
        words = yield from find_continuations(self.model, separation.token_pairs(self.model, pairs))
        found: list[list[float]] = []
        for mixer in mixers:
            found.append([])
            for one in words:
                # One pair per task, so that a chat never waits long.
                found[-1].append((yield gpu_task(partial(one.propensity, self.model, mixer))))
        return found

    def text_logprobs(
        self, prompt: SamplePrompt, texts: Sequence[str], *, after: str = ""
    ) -> Steps[list[list[float]]]:
        context = [*self.prompt_ids(prompt), *encode(self.model.tokenizer, after)]
        found: list[list[float]] = []
        for text in texts:
            ids = encode(self.model.tokenizer, text)
            found.append((yield gpu_task(partial(self._token_logprobs, context, ids))))
        return found

    def _token_logprobs(self, context: Sequence[int], ids: Sequence[int]) -> list[float]:
        rows = likelihood.token_distributions(self.model, [*context, *ids], len(context))
        chosen = torch.tensor(list(ids), device=rows.device)
        return list(rows.gather(1, chosen[:, None])[:, 0].tolist())

    def read_prompt(self, prompt: SamplePrompt, vector: Any) -> Steps[PromptProjections]:
        ids = self.prompt_ids(prompt)
        pieces = tuple(tokenizer_of(self.model).decode([token]) for token in ids)
        _, states = yield gpu_task(partial(self._unsteered_pass, ids, 0, tuple(vector.layers)))
        rows = {layer: hidden @ vector.directions[layer] for layer, hidden in states.items()}
        return PromptProjections(pieces, {layer: tuple(row.tolist()) for layer, row in rows.items()})

    def first_tokens(self, words: Sequence[str]) -> frozenset[int]:
        # A word starts with other tokens after a space and with a capital letter.
        spelled = [
            text for word in words for text in (word, f" {word}", word.capitalize(), f" {word.capitalize()}")
        ]
        return frozenset(ids[0] for text in spelled if (ids := encode(self.model.tokenizer, text)))

    def states(self, prompts: Sequence[SamplePrompt]) -> Steps[dict[int, NDArray[np.float32]]]:
        parts = [prompts[start : start + BATCH] for start in range(0, len(prompts), BATCH)]
        read: list[dict[int, Tensor]] = []
        for part in parts:
            ids = [self.prompt_ids(prompt) for prompt in part]
            read.append((yield gpu_task(partial(capture, self.model, ids))).rows)
        return {layer: torch.cat([rows[layer] for rows in read]).numpy() for layer in read[0]}

    def text_embedding(self) -> Steps[ModelEmbedding]:
        return model_embedding(self.model)

    def direction(self, name: str, rows: Mapping[int, Any]) -> SteeringVector:
        return SteeringVector(rows, about=About(name=name, model_id=self.name))

    def blend(self, base: TorchSampler, share: float, *, shuffled: bool = False) -> Steps[TorchSampler]:
        from sessions.experiments.scoring.surgery import remove_tuning

        return TorchSampler(
            (yield worker_task(lambda: remove_tuning(self.model, base.model, share, shuffled=shuffled)))
        )

    def _join_tokens(
        self, prompt: SamplePrompt, generated: GeneratedTokens
    ) -> tuple[list[int], list[int], int]:
        """Ids of prompt and answer together, positions of the answer's own tokens, and where the answer
        starts.
        """
        prompt_ids = self.prompt_ids(prompt)
        ids, own = generated.interleave()
        return [*prompt_ids, *ids], own, len(prompt_ids)

    def _unsteered_pass(
        self, ids: Sequence[int], start: int, layers: Sequence[int]
    ) -> tuple[Tensor, dict[int, Tensor]]:
        """One unsteered pass: log-probabilities from position `start` on, and the hidden states there."""
        states: dict[int, Tensor] = {}

        def save_output(layer: int, hidden: Tensor) -> None:
            # Copied to the CPU at once, so that a long text does not fill the GPU.
            states[layer] = hidden[0, start:].float().cpu()

        with self.model.steering.hooking_outputs(layers, save_output):
            return likelihood.token_distributions(self.model, ids, start), states


class _LaneTokens:
    """Tokens generated in one lane so far."""

    def __init__(self) -> None:
        self.ids: list[int] = []
        self.logprobs: list[float] = []
        self.pieces: list[str] = []
        self.inserted: list[tuple[int, Ids]] = []
        self.finished = False

    def append(self, token: Any) -> None:
        """Append a token of this lane; tokens after the lane has finished are ignored."""
        self.finished = self.finished or token.finished
        if not self.finished:
            self.ids.append(token.token_id)
            self.logprobs.append(token.logprob)
            self.pieces.append(token.text)

    def insert(self, at: int, ids: Sequence[int]) -> None:
        # A lane that has finished before the edit did not get the text.
        if len(self.ids) == at:
            self.inserted.append((at, tuple(ids)))

    def to_tokens(self, tokenizer: Any) -> GeneratedTokens:
        text = tokenizer.decode(self.ids, skip_special_tokens=True)
        rows = tuple(self.logprobs), tuple(self.inserted), tuple(self.pieces)
        return GeneratedTokens(tuple(self.ids), text, *rows)
