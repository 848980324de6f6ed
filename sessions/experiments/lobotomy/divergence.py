"""Distance between models: KL(reference ‖ model) of the next token, averaged over the tokens of fixed
texts.

The texts are the references' own answers, so a model cannot look close by writing something easy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.jobs.job import Steps, task_group
from core.mixer.mixer import Mixer
from sessions.experiments.common.sampler import GeneratedTokens, ModelSampler, SamplePrompt

Logs = NDArray[np.float32]


UNSTEERED = Mixer()


@dataclass(frozen=True)
class ComparedModel:
    """A model under a mixer; `name` is used in the result rows."""

    name: str
    voice: ModelSampler
    mixer: Mixer = UNSTEERED


def mean_kl(reference: Logs, other: Logs) -> float:
    """Mean over tokens of Σ p (log p − log q), in nats; tokens with p = 0 add nothing."""
    # In double precision: a sum over a whole vocabulary loses digits in float32.
    p, q = reference.astype(np.float64), other.astype(np.float64)
    with np.errstate(invalid="ignore"):
        # Where p is 0, exp(p)·(p − q) would be 0 · ∞ = NaN.
        each = np.where(np.isneginf(p), 0.0, np.exp(p) * (p - q))
    return float(each.sum(axis=-1).mean())


def measure_distances(
    references: Mapping[str, ModelSampler],
    subjects: Sequence[ComparedModel],
    prompt: SamplePrompt,
    texts: Sequence[GeneratedTokens],
) -> Steps[dict[str, dict[str, float]]]:
    """{model: {reference: KL}} on these texts after one prompt; cached together."""
    key = " ".join([*(v.identity for v in references.values()), prompt.id, *(_join_ids(t) for t in texts)])
    found: dict[str, Any] = yield from task_group(
        f"distances {key} {[(s.name, s.voice.identity, s.mixer.to_json()) for s in subjects]}",
        lambda: _measure_texts(references, subjects, prompt, [text for text in texts if text.ids]),
    )
    return found


def _measure_texts(
    references: Mapping[str, ModelSampler],
    subjects: Sequence[ComparedModel],
    prompt: SamplePrompt,
    texts: Sequence[GeneratedTokens],
) -> Steps[dict[str, dict[str, float]]]:
    totals = {subject.name: dict.fromkeys(references, 0.0) for subject in subjects}
    for text in texts:
        known = {}
        for name, sampler in references.items():
            # Once per reference, not once per pair of models.
            known[name] = yield from sampler.distributions(prompt, text)
        for subject in subjects:
            seen = yield from subject.voice.distributions(prompt, text, subject.mixer)
            for name, logs in known.items():
                totals[subject.name][name] += mean_kl(logs, seen) / len(texts)
    return totals


def _join_ids(text: GeneratedTokens) -> str:
    return ",".join(map(str, text.ids))
