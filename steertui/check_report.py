"""The report of a vector check as lines, for the command line and the library screen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from core.mixer.layer_ranges import write_layers


def render_check_report(report: Mapping[str, Any]) -> Iterator[str]:
    """Yield the verdict, its reasons, the dose table and the advice."""
    yield f"{report['verdict'].upper()}  {report['vector']} on {report['model']}"
    yield from (f"  {reason}" for reason in report["reasons"])
    yield from (f"  note: {warning}" for warning in report.get("warnings", ()))
    yield f"  {'dose':>5} {'echo':>8} {'propensity':>10} {'KL':>8} {'perplexity':>10} {'collapsed':>9}"
    yield from map(_dose_line, report["doses"])
    yield _advice_line(report)


def _dose_line(row: Mapping[str, Any]) -> str:
    cells = (
        _cell(row["dose"], 5, "+g"),
        _cell(row["echo"], 8, ".3f"),
        _cell(row.get("propensity"), 10, ".3f"),
        _cell(row["kl"], 8, ".3f"),
        _cell(row["perplexity"], 10, ".3g"),
        _cell(row["collapsed"], 9, ".0%"),
    )
    return f"  {' '.join(cells)}"


def _cell(value: float | None, width: int, form: str) -> str:
    """A table cell; a missing or non-finite value is a dash."""
    return f"{'–' if value is None else format(value, form):>{width}}"


def _advice_line(report: Mapping[str, Any]) -> str:
    hint, unit = report["suggestion"], report["unit"]
    band = write_layers(tuple(hint["layers"]))
    return f"  one dose is {report['dose']:g} {unit}, shared over layers {band}; try {hint['scale']:.2g} {unit}, split"
