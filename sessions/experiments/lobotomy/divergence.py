"""How far one model is from another: KL(reference ‖ model) of the next token, averaged over the tokens of texts that
neither of them may change.

The texts are what the references themselves say, so no subject can look close by saying something easy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.jobs.job import unit
from core.mixer.mixer import Mixer
from sessions.experiments.common.sampler import Prompt, Spoken, Voice, Work

Logs = NDArray[np.float32]


UNSTEERED = Mixer()


@dataclass(frozen=True)
class Subject:
    """A model under a mixer, by the name its rows carry."""

    name: str
    voice: Voice
    mixer: Mixer = UNSTEERED


def divergence(reference: Logs, other: Logs) -> float:
    """Mean over tokens of Σ p (log p − log q), in nats; what both think impossible adds nothing."""
    p, q = reference.astype(np.float64), other.astype(np.float64)
    with np.errstate(invalid="ignore"):
        each = np.where(np.isneginf(p), 0.0, np.exp(p) * (p - q))
    return float(each.sum(axis=-1).mean())


def distances(
    references: Mapping[str, Voice], subjects: Sequence[Subject], prompt: Prompt, texts: Sequence[Spoken]
) -> Work:
    """{subject: {reference: KL}} on these texts after one prompt; remembered as one."""
    key = " ".join([*(v.identity for v in references.values()), prompt.id, *(_spelled(t) for t in texts)])
    found: dict[str, Any] = yield from unit(
        f"distances {key} {[(s.name, s.voice.identity, s.mixer.to_json()) for s in subjects]}",
        lambda: _measured(references, subjects, prompt, [text for text in texts if text.ids]),
    )
    return found


def _measured(
    references: Mapping[str, Voice], subjects: Sequence[Subject], prompt: Prompt, texts: Sequence[Spoken]
) -> Work:
    totals = {subject.name: dict.fromkeys(references, 0.0) for subject in subjects}
    for text in texts:
        known = {}
        for name, voice in references.items():
            known[name] = yield from voice.distributions(prompt, text)
        for subject in subjects:
            seen = yield from subject.voice.distributions(prompt, text, subject.mixer)
            for name, logs in known.items():
                totals[subject.name][name] += divergence(logs, seen) / len(texts)
    return totals


def _spelled(text: Spoken) -> str:
    return ",".join(map(str, text.ids))
