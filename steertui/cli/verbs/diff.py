"""Compares two checkpoints of one model, matrix by matrix, reading them in slices: how much changed, in how many
directions, and how much of it is a vector found elsewhere."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from typing import Any

from core.byte_sizes import format_bytes
from sessions.job_specs.workshop import DIFF
from steertui.cli.options import flags, job_flags
from steertui.cli.output.layer_curve import draw_layer_curve
from steertui.cli.output.printing import print_report
from steertui.cli.run_job import execute_job

ACTING = 5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    job_flags.add_offer(parser, DIFF)
    flags.add_output(parser)


def run(args: argparse.Namespace) -> int:
    report = run_diff(args)
    print_report(args, report, render_diff(report))
    return 0


def run_diff(args: argparse.Namespace) -> Mapping[str, Any]:
    return execute_job(args, DIFF.kind, job_flags.offer_params(args, DIFF))


def render_diff(report: Mapping[str, Any]) -> Iterator[str]:
    """A line per matrix, the layer curves, and what could not be compared."""
    aligned = report["vector"] is not None
    extra = f" {'cos₁':>6} {'cosₖ':>6} {'energy':>8}" if aligned else ""
    yield f"{'matrix':<44} {'relative':>9} {'top 1':>6} {'top k':>6}{extra}"
    for name, row in report["modules"].items():
        if row.get("singular_values"):
            cosines = _cosine_cells(row) if aligned else ""
            yield f"{name:<44} {row['relative_norm'] or 0:>9.2%} {_share_cells(row)}{cosines}"
    yield from diff_curves(report)
    if aligned and report["null"]:
        yield f"random vectors: {_chance_text(report)}"
    yield from render_functional(report.get("functional", {}))
    yield from (f"note: {warning}" for warning in report["warnings"])
    for which in ("base", "tuned"):
        if names := report[f"only_{which}"]:
            yield f"only in {report[which]}: {', '.join(names[:4])}{' …' if len(names) > 4 else ''}"
    yield f"read {format_bytes(report['bytes_read'])} with {format_bytes(report['peak_anon'])} of memory"
    if "out" in report:
        yield f"written to {report['out']} ({report['sha256'][:12]})"
    if plot := report.get("plot"):
        yield f"drawn in {plot}"


def render_functional(functional: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """The effect of the changed weights on the given texts, for the matrices most aligned with the vector."""
    # A cosine near -1 is as well aligned as one near 1.
    strongest = sorted(functional, key=lambda name: -abs(functional[name]["cosine"]))[:ACTING]
    for name in strongest:
        found = functional[name]
        yield f"on these texts {name} writes {found['cosine']:+.3f} along it, {found['relative']:.2%} of the stream"


def diff_curves(report: Mapping[str, Any]) -> Iterator[str]:
    """Relative change of each layer, and the alignment of its change with the vector."""
    layers = report["layers"]
    for name, key in (("relative change", "relative_norm"), (f"cosine with {report['vector']}", "top1")):
        yield from draw_layer_curve(name, {layer: found[key] for layer, found in layers.items()})


def _chance_text(report: Mapping[str, Any]) -> str:
    """The values that random vectors reach in the columns of the table."""
    subspaces = {
        row["null"]["topk"] for row in report["modules"].values() if "topk" in (row.get("null") or {})
    }
    many = f", of k {max(subspaces):.3f}" if subspaces else ""
    return f"cosine {report['null']['top1']:.3f}{many}, energy {report['null']['energy']:.2g}"


def _share_cells(row: Mapping[str, Any]) -> str:
    return f"{row['share_top1']:>6.0%} {row['share_topk']:>6.0%}"


def _cosine_cells(row: Mapping[str, Any]) -> str:
    if not row.get("cosines"):
        return f" {'–':>6} {'–':>6} {'–':>8}"
    return f" {row['cosines']['top1']:>6.3f} {row['cosines']['topk']:>6.3f} {row['energy'] or 0:>8.4f}"
