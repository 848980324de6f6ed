"""The report of a vector check as lines, for the command line and the library screen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from core.mixer.layer_ranges import write_layers


def render_check_report(report: Mapping[str, Any]) -> Iterator[str]:
    """Yield the verdict, its reasons, the ranks, the doses and the advice; of an estimate, the time."""
    if cost := report.get("estimate"):
        soon = f"{cost['seconds_to_ranks']:.0f} s if it is red by its ranks"
        yield f"about {cost['seconds']:.0f} s on {report['model']}, {soon}"
        return
    yield f"{report['verdict'].upper()}  {report['vector']} on {report['model']}"
    yield from (f"  {reason}" for reason in report["reasons"])
    yield from (f"  note: {warning}" for warning in report.get("warnings", ()))
    yield from _rank_lines(report)
    if report["doses"]:
        yield f"  {'scale':>6} {'propensity':>10} {'KL':>7} {'echo':>7} {'perplexity':>10} {'broken':>6}"
        yield from map(_dose_line, report["doses"])
    yield from _detail_lines(report)
    yield from _advice_lines(report)


def _rank_lines(report: Mapping[str, Any]) -> Iterator[str]:
    if report.get("nulls"):
        yield f"  {'directions that do as much':<30} {'at its length':>14} {'at its KL':>10}"
    for null in report.get("nulls", ()):
        cells = [_cell(null["p_norm"], 14, ".3f"), _cell(null["p_kl"], 10, ".3f")]
        yield f"  {null['n']} {null['class']:<{29 - len(str(null['n']))}} {' '.join(cells)}"


def _dose_line(row: Mapping[str, Any]) -> str:
    cells = (
        _cell(row["scale"], 6, "+.2g"),
        _cell(row.get("propensity"), 10, "+.3f"),
        _cell(row["kl"], 7, ".2f"),
        _cell(row["echo"], 7, "+.3f"),
        _cell(row["perplexity"], 10, ".3g"),
        _cell(row["collapsed"], 6, ".0%"),
    )
    return f"  {' '.join(cells)}"


def _detail_lines(report: Mapping[str, Any]) -> Iterator[str]:
    if (acts := report.get("acts_on")) and report["doses"]:
        yield (
            f"  acts through the prompt {acts['prompt']:+.2f}, through the answer {acts['answer']:+.2f}"
            " nats/token (predicted)"
        )
    if text := report.get("texts"):
        yield f"  its answers lean its way in {text['moved']} of {text['of']} ({text['measure']})"
    if said := report.get("baseline"):
        yield (
            f"  as a system prompt “{said['prompt']}”: {said['effect']:+.2f} nats/token, KL {said['kl']:.2g};"
            f" per √(2 KL) {said['efficiency']:+.2f}, the vector {said['vector']:+.2f}"
        )
    # Only where more was asked for.
    if "capability" in report and report["doses"]:
        shares = ", ".join(f"{row['distinct_2']:.2f} at {row['scale']:+.2g}" for row in report["doses"])
        yield f"  different pairs of neighbouring tokens: {shares}"
    if kept := report.get("capability"):
        yield (
            f"  of {kept['of']} questions it loses {kept['lost']} and wins {kept['won']}"
            f" (p = {kept['p']:.2g}; {kept['right']} right without it)"
        )


def _cell(value: float | None, width: int, form: str) -> str:
    """A table cell; a missing or non-finite value is a dash."""
    return f"{'–' if value is None else format(value, form):>{width}}"


def _advice_lines(report: Mapping[str, Any]) -> Iterator[str]:
    hint = report["suggestion"]
    if hint:
        band = write_layers(tuple(hint["layers"]))
        yield f"  try {hint['scale']:.2g} {hint['unit']}, shared over layers {band}"
