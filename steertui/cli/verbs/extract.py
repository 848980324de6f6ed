"""Makes a vector from a contrast set, or with --tuned from the difference of two models on the same texts.
A run that was stopped continues. --ranks G starts G processes on this host; on several hosts torchrun
starts them, see `python -m vectors.extraction.distributed.worker --help`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from core.errors import PartlyDone
from core.jobs.job import Artifact
from core.mixer.layer_ranges import write_layers
from sessions.job_specs.workshop import EXTRACT
from steertui.cli.backend import print_note
from steertui.cli.options import flags, job_flags
from steertui.cli.output.contrast_report import render_set, set_report
from steertui.cli.output.layer_curve import draw_layer_curve
from steertui.cli.output.lint_lines import lint_report
from steertui.cli.output.printing import print_report
from steertui.cli.output.progress import ProgressLine
from steertui.cli.run_job import JobStopped, execute_job
from steertui.text import safe_text

INTERRUPTED = 130


def add_arguments(parser: argparse.ArgumentParser) -> None:
    job_flags.add_offer(parser, EXTRACT)
    flags.add_model(parser)
    flags.add_output(parser)


def run(args: argparse.Namespace) -> int:
    if args.estimate:
        report = run_extract(args)
        print_report(args, report, render_estimate(report))
        return 0
    notes = [] if args.json or args.jsonl else describe_set(args)
    try:
        report, code = run_extract(args), 0
    except JobStopped as stopped:
        # Stopped before there was a vector: nothing can be reported.
        if not stopped.summary:
            raise
        report, code = stopped.summary, INTERRUPTED
        # What is left to do, on stderr: with --json the report is read by a program.
        notes = [*notes, report["warnings"][-1]]
        print_note(notes[-1])
    # Said before the model was loaded, and not a second time.
    left = [warning for warning in report["warnings"] if warning not in notes]
    print_report(args, report, render_extraction({**report, "warnings": left}))
    if report["dose_search"] == "failed":
        code = PartlyDone.exit_code
    return code


def describe_set(args: argparse.Namespace) -> list[str]:
    """Print on stderr what the set is, and first what speaks against it; returns those sentences."""
    from vectors.contrasts.catalogue import contrast

    found = contrast(args.contrast)
    notes: list[str] = []
    # Two models are compared on every text, whatever its side.
    if found.pairs and not args.tuned:
        holdout = EXTRACT.read({"holdout": args.holdout, "contrast": args.contrast, "out": args.out})[
            "holdout"
        ]
        notes = [finding["message"] for finding in lint_report(found, args.read, holdout)["findings"]]
    lines = [*(f"note: {note}" for note in notes), *render_set(set_report(args.contrast))]
    print("\n".join(map(safe_text, lines)), file=sys.stderr)
    return notes


def run_extract(args: argparse.Namespace) -> Mapping[str, Any]:
    params = job_flags.offer_params(args, EXTRACT)
    # The job loads its models itself, so it needs their names and load options.
    if not EXTRACT.needs_resident(params):
        params |= {"model": args.model, "loading": flags.load_options(args)}
    return execute_job(args, EXTRACT.kind, params, ArtifactNote(str(params["out"]), bool(params["suggest"])))


class ArtifactNote:
    """Says on stderr, once, that the vector is there while its dose is searched."""

    def __init__(self, out: str, searches: bool) -> None:
        self._out, self._pending = out, searches

    def __call__(self, report: Mapping[str, Any], bar: ProgressLine) -> None:
        if self._pending and report.get("kind") == Artifact.kind and report.get("what") == "vector":
            self._pending = False
            bar.note(
                f"written to {self._out}; now its dose is searched (ctrl+c stops that and keeps the vector)"
            )


def render_estimate(report: Mapping[str, Any]) -> Iterator[str]:
    """How long it will take, to the vector and with its dose."""
    found = report["estimate"]
    yield (
        f"about {found['seconds_to_vector']:.3g} s to the vector, {found['seconds']:.3g} s with its dose"
        f" on {report['model']} ({found['texts']} texts, {found['tokens']} tokens)"
    )


def render_extraction(report: Mapping[str, Any]) -> Iterator[str]:
    """The table of layers, the output file, and the suggested dose."""
    yield f"{'layer':>5} {'d':>7} {'accuracy':>8} {'95 %':>11} {'AUROC':>6} {'at zero':>7} {'norm':>9} {'p':>8}"
    for layer, found in report["layers"].items():
        best = "  ← best" if int(layer) == report["best_layer"] else ""
        yield f"{layer:>5} {_metric_cells(found)}{best}"
    yield from extraction_curves(report)
    held = next(iter(report["layers"].values()))["n_holdout"]
    yield f"held out: {held} texts; {report['n_effective']} different pairs in all"
    yield from (f"note: {warning}" for warning in report["warnings"])
    if hint := report["suggestion"]:
        band = write_layers(tuple(hint["layers"]))
        yield f"try {hint['scale']:.2g} {hint['unit']} on layers {band}, split"
    if aligned := report.get("alignment"):
        yield (
            f"with {aligned['vector']}: mean cosine {aligned['mean']:+.2f}, {aligned['verdict']}"
            f" (random ±{aligned['random_band']:.2f})"
        )
    if published := report.get("published"):
        yield from render_published(report["layers"], published)
    yield f"written to {report['out']} ({report['sha256'][:12]})"
    if plot := report.get("plot"):
        yield f"drawn in {plot}"


def extraction_curves(report: Mapping[str, Any]) -> Iterator[str]:
    """Held-out d over the layers, and the cosine with another vector."""
    layers = report["layers"]
    values, intervals = ({layer: found[key] for layer, found in layers.items()} for key in ("d", "d_ci"))
    yield from draw_layer_curve("held-out d", values, intervals)
    if aligned := report.get("alignment"):
        yield from draw_layer_curve(f"cosine with {aligned['vector']}", aligned["layers"])


def render_published(layers: Mapping[str, Mapping[str, Any]], published: Mapping[str, Any]) -> Iterator[str]:
    """The published d per layer, and this vector's d by the same definition."""
    ours = {layer: found["axes"]["d"] for layer, found in layers.items() if found["axes"]}
    theirs = {layer: found["d"] for layer, found in published["layers"].items()}
    yield from draw_layer_curve("d here", ours, beside=(published["name"], theirs))
    if (best := published["best_layer"]) is not None:
        found = published["layers"][str(best)]
        figures = f"d {found['d']:.2f}, accuracy {found['accuracy']:.1%} at zero"
        yield f"{published['name']}: best layer {best}, {figures}"


def _metric_cells(found: Mapping[str, Any]) -> str:
    if not found["n_holdout"]:
        return f"{'–':>7} {'–':>8} {'–':>11} {'–':>6} {'–':>7} {found['norm']:>9.3g} {'–':>8}"
    d = "∞" if found["d"] is None else f"{found['d']:.2f}"
    low, high = found["accuracy_ci"]
    return (
        f"{d:>7} {found['accuracy']:>8.1%} {f'{low:.0%}–{high:.0%}':>11} {found['auroc']:>6.3f}"
        f" {found['sign_accuracy']:>7.0%} {found['norm']:>9.3g} {found['p_holm']:>8.2g}"
    )
