"""Job around `linearity`: score the themes of fine-tunings against those of their directions, run by run.

A file holds one run per line: the themes of the tuned model and of the direction, each as a list of
sentences; null is a missing theme. The loaded model embeds them. Alternatively, two text files hold the
two sides of a single run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core.errors import BadInput, UsageError
from core.files import expand_home, read_regular
from core.jobs.job import Cell, Job, Progress, Row, gpu_task
from core.json_values import JsonValue
from vectors import limits
from vectors.contrasts import records
from vectors.errors import printable_name
from vectors.themes.linearity import Rows, embed_texts, rank_runs

if TYPE_CHECKING:
    from core.model.model import Model

SIDES = ("tuned", "direction")
Themes = Sequence[str | None]


@dataclass(frozen=True)
class ThemeRun:
    name: str
    tuned: Themes
    direction: Themes


def themes_job(model: Model, params: Mapping[str, Any]) -> Job:
    """`themes` is a file of runs, or together with `other` two files of one theme per line."""
    runs = read_runs(expand_home(params["themes"]), params.get("other"))
    layer = params.get("layer")
    if layer is not None and not 0 <= layer < model.n_layers:
        raise UsageError(f"layer {layer}, model has {model.n_layers}")
    sets: dict[str, tuple[Rows, Rows]] = {}
    for number, one in enumerate(runs, start=1):
        tuned = yield gpu_task(partial(_embed_themes, model, one.tuned, layer))
        direction = yield gpu_task(partial(_embed_themes, model, one.direction, layer))
        sets[one.name] = tuned, direction
        yield Progress(number, len(runs), "runs embedded")
    scores: dict[str, dict[str, JsonValue]] = {}
    for scored in rank_runs(sets):
        scores[scored.name] = scored.to_json()
        yield Row("linearity", scored.name, scores[scored.name])
        for (i, j), cosine in np.ndenumerate(scored.linearity.cosines):
            yield Cell(f"cosines of {scored.name}", int(i) + 1, int(j) + 1, float(cosine))
    return {"runs": scores, "n": len(scores), "embedded_by": model.name}


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


def _embed_themes(model: Model, themes: Themes, layer: int | None) -> Rows:
    """A row per theme; a missing theme is a row of zeros."""
    named = [number for number, theme in enumerate(themes) if theme]
    rows = np.zeros((len(themes), model.hidden_size))
    rows[named] = embed_texts(model, [str(themes[number]) for number in named], layer)
    return rows
