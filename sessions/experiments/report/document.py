"""`report.md`, and beside it every text (`samples.jsonl`, `comparison.md`) and every row (`rows.jsonl`)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from core.errors import UsageError
from core.files import expanded
from core.jobs.job import Artifact
from core.secrets import scrub
from sessions.experiments.report import pictures
from sessions.experiments.report.found import Found
from sessions.experiments.report.tables import cell, long, markdown, tables
from sessions.experiments.report.texts import clean, comparison, side_by_side

READ = 6
"""Prompts whose answers stand in the report itself; `samples.jsonl` holds all."""

INTERVALS = "Bands and black lines are 95 % intervals over prompts; what is dashed or grey is a control."


def write(found: Found, folder: str, title: str, command: str) -> list[Artifact]:
    """The whole folder; what it holds afterwards."""
    place = expanded(folder)
    try:
        place.mkdir(parents=True, exist_ok=True)
        drawn = pictures.drawn(found, place)
        texts = {
            "report.md": "\n\n".join(_blocks(found, title, command, drawn)) + "\n",
            "rows.jsonl": _lines(found.rows),
            "samples.jsonl": _lines([sample.to_json() for sample in found.samples]),
            "comparison.md": comparison(found.samples),
        }
        for name, text in texts.items():
            (place / name).write_text(text, encoding="utf-8")
    except OSError as problem:
        raise UsageError(f"cannot write the report in {place}: {problem.strerror}") from None
    files = [place / name for name in texts] + [*drawn.values()]
    return [Artifact(str(file), hashlib.sha256(file.read_bytes()).hexdigest(), "report") for file in files]


def _blocks(found: Found, title: str, command: str, drawn: Mapping[str, Path]) -> Iterator[str]:
    facts = found.facts
    yield f"# {title}"
    yield f"{clean(str(facts['model']))} · n = {facts['n']} · seed {facts['seed']}"
    yield f"    {clean(command)}"
    if found.cost:
        yield f"Cost, at most: {cell(found.cost)}."
    yield "## What follows"
    yield "\n".join(listed(facts["summary"]))
    yield "## Control"
    yield "\n".join(listed(facts["control"]))
    for name, rows in tables(found.rows).items():
        if not long(name):
            yield f"## {clean(name)}"
            yield "\n".join(map(clean, markdown(rows)))
    yield from _shown(drawn)
    if found.samples:
        yield "## Texts"
        yield from side_by_side(found.samples, READ)
        yield "Side by side: `comparison.md`; all answers: `samples.jsonl`; all rows: `rows.jsonl`."


def _shown(drawn: Mapping[str, Path]) -> Iterator[str]:
    yield "## Plots"
    if not drawn:
        yield pictures.MISSING if not pictures.at_hand() else "Nothing here is a curve."
    if drawn:
        yield INTERVALS
    for name, path in drawn.items():
        yield f"![{clean(name)}]({path.name})"


def listed(facts: Mapping[str, Any], depth: int = 0) -> Iterator[str]:
    """Nested facts as a nested list."""
    for name, value in facts.items():
        if isinstance(value, Mapping) and not _small(value):
            yield f"{'  ' * depth}- {clean(str(name))}"
            yield from listed(value, depth + 1)
        else:
            yield f"{'  ' * depth}- {clean(str(name))}: {clean(cell(value))}"


def _small(value: Mapping[str, Any]) -> bool:
    return len(value) <= 4 and not any(isinstance(inner, Mapping) for inner in value.values())


def _lines(rows: list[dict[str, Any]]) -> str:
    return scrub("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
