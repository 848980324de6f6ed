"""Job around `linearity`: score the themes of fine-tunings against those of their directions, run by run.

A file holds one run per line: the themes of the tuned model and of the direction, each as a list of
sentences; null is a missing theme. The loaded model embeds them, if it passes its self-test, or a file of
embeddings does. Alternatively, two text files hold the two sides of a single run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core.errors import BadInput, UsageError
from core.files import expand_home, read_regular
from core.jobs.job import Cell, Job, Progress, Row, Steps
from core.json_values import JsonValue
from vectors import limits
from vectors.contrasts import records
from vectors.embedding.embedding_file import read_embedding_file
from vectors.embedding.model_embedding import model_embedding
from vectors.embedding.text_embedding import TextEmbedding
from vectors.errors import printable_name
from vectors.themes.linearity import RankedRun, Rows, rank_runs

if TYPE_CHECKING:
    from core.model.model import Model

SIDES = ("tuned", "direction")
Themes = Sequence[str | None]


@dataclass(frozen=True)
class ThemeRun:
    name: str
    tuned: Themes
    direction: Themes


def themes_job(model: Model | None, params: Mapping[str, Any]) -> Job:
    """`themes` is a file of runs, or together with `other` two files of one theme per line; `embeddings` is a file
    of embeddings, without which the model is needed.
    """
    runs = read_runs(expand_home(params["themes"]), params.get("other"))
    embedding = yield from _choose_embedding(model, params.get("embeddings"), runs)
    sets: dict[str, tuple[Rows, Rows]] = {}
    for number, one in enumerate(runs, start=1):
        tuned = yield from _embed_themes(embedding, one.tuned)
        sets[one.name] = tuned, (yield from _embed_themes(embedding, one.direction))
        yield Progress(number, len(runs), "runs embedded")
    ranked = rank_runs(sets)
    scores: dict[str, dict[str, JsonValue]] = {}
    for scored in ranked:
        scores[scored.name] = scored.to_json()
        yield Row("linearity", scored.name, scores[scored.name])
        for (i, j), cosine in np.ndenumerate(scored.linearity.cosines):
            # Down the themes of the tuning, across those of the direction.
            yield Cell(f"cosines of {scored.name}", f"tuned {i + 1}", j + 1, float(cosine))
    found = {"runs": scores, "n": len(scores), **_mean_scores(ranked)}
    return {**found, **embedding.facts(), "warnings": [embedding.warning]}


def _choose_embedding(
    model: Model | None, file: str | None, runs: Sequence[ThemeRun]
) -> Steps[TextEmbedding]:
    """The file's embeddings where one is named, else the model's; raises if it cannot embed these themes."""
    if file is None:
        if model is None:
            raise UsageError("themes needs a model or --embeddings FILE")
        return (yield from model_embedding(model))
    embedding = read_embedding_file(expand_home(file))
    embedding.require([theme for run in runs for theme in (*run.tuned, *run.direction) if theme])
    return embedding


def _mean_scores(ranked: Sequence[RankedRun]) -> dict[str, JsonValue]:
    """Mean score of the runs, and the mean over all mismatched ones."""
    null = [score for run in ranked for score in run.null]
    score = float(np.mean([run.linearity.score for run in ranked]))
    return {"score": score, "null": float(np.mean(null)) if null else None}


def read_runs(path: Path, other: str | None = None) -> list[ThemeRun]:
    try:
        if other is not None:
            sides = [read_theme_list(place) for place in (path, expand_home(other))]
            return [ThemeRun(path.stem, sides[0], sides[1])]
        entries = records.read(path)
        runs = [_parse_run(record, number) for number, record in enumerate(entries, start=1)]
    except records.BadRecord as problem:
        raise BadInput(f"{printable_name(path.name)}: {problem}") from None
    if not runs or len({run.name for run in runs}) < len(runs):
        raise BadInput(f"{printable_name(path.name)}: needs runs, each with a name of its own")
    return runs


def _parse_run(record: records.PairRecord, number: int) -> ThemeRun:
    sides = [record.fields.get(side) for side in SIDES]
    for name, themes in zip(SIDES, sides, strict=True):
        valid = isinstance(themes, list) and all(theme is None or isinstance(theme, str) for theme in themes)
        # Null alone is no theme: there would be nothing to compare.
        if not valid or not any(themes or ()):
            raise records.BadRecord(f"{record.place}: {name} has to be a list of texts (null: no theme)")
    return ThemeRun(str(record.fields.get("name", number)), sides[0] or (), sides[1] or ())


def read_theme_list(path: Path) -> list[str]:
    """The themes of a file with one per line."""
    try:
        lines = read_regular(path, limits.FILE_BYTES).decode("utf-8-sig").splitlines()
    except OSError as problem:
        raise BadInput(f"{printable_name(path.name)}: {(problem.strerror or 'unreadable').lower()}") from None
    except UnicodeDecodeError:
        raise BadInput(f"{printable_name(path.name)}: not UTF-8") from None
    if not (themes := [line.strip() for line in lines if line.strip()]):
        raise BadInput(f"{printable_name(path.name)}: no themes in it")
    return themes


def _embed_themes(embedding: TextEmbedding, themes: Themes) -> Steps[Rows]:
    """A row per theme; a missing theme is a row of zeros."""
    named = [number for number, theme in enumerate(themes) if theme]
    embedded = yield from embedding.embed([str(themes[number]) for number in named])
    rows = np.zeros((len(themes), embedded.shape[1]))
    rows[named] = embedded
    return rows
