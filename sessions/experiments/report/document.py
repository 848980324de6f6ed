"""Writes `report.md` with every answer (`samples.jsonl`, `comparison.md`) and every row (`rows.jsonl`)
next to it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from core.errors import UsageError
from core.files import GIBI, expand_home, read_regular, write_atomic
from core.jobs.job import Artifact
from core.secrets import scrub
from sessions.experiments.report import pictures
from sessions.experiments.report.found import ReportData
from sessions.experiments.report.tables import format_cell, group_rows, is_long, markdown_table
from sessions.experiments.report.texts import clean_text, comparison_table, side_by_side

READ = 6
"""Number of prompts whose answers are shown in the report itself; `samples.jsonl` holds all."""

INTERVALS = "Bands and black lines are 95 % intervals over prompts; dashed or grey means a control."


def write_report(found: ReportData, folder: str, title: str, command: str) -> list[Artifact]:
    """Write the report folder; returns its files."""
    target = expand_home(folder)
    try:
        target.mkdir(parents=True, exist_ok=True)
        plots = pictures.draw_pictures(found, target)
        # Plots first: the report lists the files that were drawn.
        texts = {
            "report.md": "\n\n".join(_blocks(found, title, command, plots)) + "\n",
            "rows.jsonl": _json_lines(found.rows),
            "samples.jsonl": _json_lines([sample.to_json() for sample in found.samples]),
            "comparison.md": comparison_table(found.samples),
        }
        for name, text in texts.items():
            write_atomic(target / name, text.encode("utf-8"))
    except OSError as problem:
        raise UsageError(f"cannot write the report in {target}: {problem.strerror}") from None
    files = [target / name for name in texts] + [*plots.values()]
    return [
        Artifact(str(file), hashlib.sha256(read_regular(file, GIBI)).hexdigest(), "report") for file in files
    ]


def _blocks(found: ReportData, title: str, command: str, plots: Mapping[str, Path]) -> Iterator[str]:
    facts = found.facts
    yield f"# {title}"
    yield f"{clean_text(str(facts['model']))} · n = {facts['n']} · seed {facts['seed']}"
    yield f"    {clean_text(command)}"
    if found.cost:
        yield f"Cost, at most: {format_cell(found.cost)}."
    yield from (f"> {clean_text(warning)}" for warning in facts.get("warnings", ()))
    yield "## What follows"
    yield "\n".join(nested_list(facts["summary"]))
    yield "## Control"
    yield "\n".join(nested_list(facts["control"]))
    for name, rows in group_rows(found.rows).items():
        if not is_long(name):
            yield f"## {clean_text(name)}"
            yield "\n".join(map(clean_text, markdown_table(rows)))
    yield from _plot_blocks(plots)
    if found.samples:
        yield "## Texts"
        yield from side_by_side(found.samples, READ)
        yield "Side by side: `comparison.md`; all answers: `samples.jsonl`; all rows: `rows.jsonl`."


def _plot_blocks(plots: Mapping[str, Path]) -> Iterator[str]:
    yield "## Plots"
    if not plots:
        yield pictures.MISSING if not pictures.has_matplotlib() else "There is nothing to plot."
    if plots:
        yield INTERVALS
    for name, path in plots.items():
        yield f"![{clean_text(name)}]({path.name})"


def nested_list(facts: Mapping[str, Any], depth: int = 0) -> Iterator[str]:
    """Nested facts as a nested list."""
    for name, value in facts.items():
        if isinstance(value, Mapping) and not _is_small(value):
            yield f"{'  ' * depth}- {clean_text(str(name))}"
            yield from nested_list(value, depth + 1)
        else:
            yield f"{'  ' * depth}- {clean_text(str(name))}: {clean_text(format_cell(value))}"


def _is_small(value: Mapping[str, Any]) -> bool:
    return len(value) <= 4 and not any(isinstance(inner, Mapping) for inner in value.values())


def _json_lines(rows: list[dict[str, Any]]) -> str:
    # Rows and samples hold texts of models and of the user's files.
    return scrub("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
