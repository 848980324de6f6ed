"""Axis labels and marked positions of a report's plots."""

from __future__ import annotations

from collections.abc import Mapping

from sessions.experiments.report.found import ReportData
from sessions.experiments.sweep.doses import PAIR_SLOPES, SLOPES

FROM = "tokens from "
IN_NORMS = "projection (mean residual norms)"
UNITS: Mapping[str, str] = {
    "projection": IN_NORMS,
    "at its start": IN_NORMS,
    "its words": IN_NORMS,
    "stance": "projection minus that of unsteered texts (mean residual norms)",
    "nll": "−log p of a token, read unsteered (nats)",
    "jump": "ln perplexity after − before",
    "spike": "largest −log p near the flip (nats)",
    "settled": "tokens from the flip",
    "tokens_to_return": "tokens from the interruption",
    "persistence": "tokens from the interruption",
    "entropy": "entropy of the next token (nats)",
    "propensity": "positive over negative words (nats)",
    "kl": "KL(steered ‖ unsteered) per token (nats)",
    "KL to base": "KL per token (nats)",
    "KL to tuned": "KL per token (nats)",
    "perplexity under base": "perplexity of the answer under the base model",
    "kl_to_base": "KL per token (nats)",
    "kl_to_tuned": "KL per token (nats)",
    SLOPES: "slope per unit of dose",
    PAIR_SLOPES: "slope of the propensity per unit of dose (nats)",
    "questions": "question marks per answer",
    "length": "words per answer",
}
"""Axis labels of measures that have a unit; others use the measure's name."""

ORDERED: Mapping[str, str] = {SLOPES: "share of prompts", PAIR_SLOPES: "share of pairs"}
"""Cumulative curves: sorted values over the share of values that are no larger."""


def y_label(measure: str) -> str:
    return UNITS.get(measure, measure)


def x_label(found: ReportData, measure: str = "") -> str:
    """Label of the x axis, from the summary's `by` and `unit`."""
    if measure in ORDERED:
        return ORDERED[measure]
    summary = found.facts.get("summary", {})
    unit = summary.get("unit")
    return f"{summary['by']} ({unit})" if unit and "by" in summary else str(summary.get("by", ""))


def alert_lines(found: ReportData, measure: str) -> list[tuple[float, str]]:
    """The alert line of a drift plot."""
    line = (found.facts.get("summary", {}).get("lines") or {}).get(measure)
    return [] if line is None else [(line, "alert")]


def marked_places(found: ReportData, measure: str = "") -> list[tuple[float, str]]:
    """The edges of a sweep's window, or the event that a trace is centred on."""
    if measure in ORDERED:
        return []
    summary = found.facts.get("summary", {})
    edges = [(edge, "edge of the window") for edge in summary.get("window") or () if edge is not None]
    by = str(summary.get("by", ""))
    return [*edges, (0.0, by.removeprefix(FROM))] if by.startswith(FROM) else edges
