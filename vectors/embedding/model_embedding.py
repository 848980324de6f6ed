"""The loaded model as an embedding: fitted and tested once for each model, refused where it fails its test."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core.jobs.job import Steps
from core.json_values import JsonValue
from core.model.kept_measurements import measurement_file, read_measurement, write_measurement
from vectors.embedding.fixture import read_fixture
from vectors.embedding.one_word import DEPTH, TEMPLATE, CommonPart, Rows, fit_common_part, read_sentences
from vectors.embedding.self_test import LOWEST, SelfTest, grade_embedding
from vectors.embedding.text_embedding import OPPOSITES, UnfitEmbedding

if TYPE_CHECKING:
    from core.model.model import Model

RECIPE = "1"
"""Raised when the recipe changes in anything but template, depth and fixture."""


@dataclass(frozen=True)
class ModelEmbedding:
    """Embeds texts with a model that passed the self-test."""

    model: Model
    common: CommonPart
    tested: SelfTest

    @cached_property
    def identity(self) -> str:
        return _cache_file(self.model).stem

    @property
    def warning(self) -> str:
        return f"{OPPOSITES} (AUROC of paraphrases over such pairs {self.tested.hard:.2f})"

    def missing(self, texts: Sequence[str]) -> list[str]:
        return []

    def embed(self, texts: Sequence[str]) -> Steps[Rows]:
        return self.common.remove_from((yield from read_sentences(self.model, texts)))

    def facts(self) -> dict[str, JsonValue]:
        return {"embedded_by": self.model.name, **self.tested.to_json()}


def model_embedding(model: Model) -> Steps[ModelEmbedding]:
    """The model's embedding; raises `UnfitEmbedding` with the figure where the self-test fails."""
    file = _cache_file(model)
    found = _sound_embedding(read_measurement(file), model.hidden_size)
    if found is None:
        found = yield from fit_and_test(model)
        _keep(file, *found)
    common, tested = found
    if not tested.passed:
        raise UnfitEmbedding(
            f"{model.name} cannot embed sentences: it tells paraphrases from other sentences with an AUROC of "
            f"{tested.auroc:.2f} (chance is 0.50, {LOWEST:.2f} is needed); take another model, or rows of an "
            "embedding model with --embeddings FILE"
        )
    return ModelEmbedding(model, common, tested)


def fit_and_test(model: Model) -> Steps[tuple[CommonPart, SelfTest]]:
    """Read every sentence of the fixture once."""
    fixture = read_fixture()
    rows = yield from read_sentences(model, fixture.texts, progress="sentences of the self-test")
    common = fit_common_part(rows[: len(fixture.reference)])
    return common, grade_embedding(fixture, dict(zip(fixture.texts, common.remove_from(rows), strict=True)))


def _cache_file(model: Model) -> Path:
    # Another dtype, text or depth gives other rows.
    told = [RECIPE, TEMPLATE, DEPTH, read_fixture().sha256, str(model.dtype)]
    digest = hashlib.sha256(json.dumps(told).encode()).hexdigest()[:12]
    return measurement_file("embedding", f"{model.fingerprint[:32]}-{digest}")


def _sound_embedding(kept: JsonValue, width: int) -> tuple[CommonPart, SelfTest] | None:
    """What was found before; an inconsistent file counts as missing."""
    try:
        found: Mapping[str, Any] = dict(kept)  # type: ignore[arg-type]
        mean, component = (np.array(found[name], np.float64) for name in ("mean", "component"))
        figures = [found["auroc"], found["hard"], *found["halves"]]
        tested = SelfTest(float(found["auroc"]), tuple(map(float, found["halves"])), float(found["hard"]))
        sound = all(0 <= one <= 1 for one in figures) and mean.shape == component.shape == (width,)
    except (ValueError, KeyError, TypeError):
        return None
    finite = sound and bool(np.isfinite(mean).all() and np.isfinite(component).all())
    return (CommonPart(mean, component), tested) if finite else None


def _keep(file: Path, common: CommonPart, tested: SelfTest) -> None:
    vectors = {"mean": common.mean.tolist(), "component": common.component.tolist()}
    write_measurement(file, {**tested.to_json(), **vectors})
