"""Compares two checkpoints of one model, matrix by matrix, reading them in slices: how much changed, in how many
directions, and how much of it is a vector found elsewhere."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping
from typing import Any

from sessions.offers.workshop import DIFF
from steertui import flags
from steertui.text import safe_text
from steertui.working import carry_out


def add_arguments(parser: argparse.ArgumentParser) -> None:
    flags.add_offer(parser, DIFF)
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    parser.add_argument("--jsonl", action="store_true", help="events on stdout as they happen, one per line")
    flags.add_recording(parser)


def run(args: argparse.Namespace) -> int:
    report = measure(args)
    if args.json:
        print(json.dumps(report))
    elif not args.jsonl:
        print("\n".join(map(safe_text, told(report))))
    return 0


def measure(args: argparse.Namespace) -> Mapping[str, Any]:
    return carry_out(args, DIFF.kind, flags.offered(args, DIFF))


def told(report: Mapping[str, Any]) -> Iterator[str]:
    """A line per matrix, the strongest layer, and what could not be compared."""
    aligned = report["vector"] is not None
    extra = f" {'cos₁':>6} {'cosₖ':>6} {'energy':>8}" if aligned else ""
    yield f"{'matrix':<44} {'relative':>9} {'top 1':>6} {'top k':>6}{extra}"
    for name, row in report["modules"].items():
        if row.get("singular_values"):
            yield f"{name:<44} {row['relative_norm'] or 0:>9.2%} {_shares(row)}{_cosines(row) if aligned else ''}"
    if aligned and report["null"]:
        null = report["null"]
        yield f"random vectors: cosine {null['top1']:.3f}, energy {null['energy']:.2g}"
    yield from (f"note: {warning}" for warning in report["warnings"])
    for which in ("base", "tuned"):
        if names := report[f"only_{which}"]:
            yield f"only in {report[which]}: {', '.join(names[:4])}{' …' if len(names) > 4 else ''}"
    yield f"read {report['bytes_read'] / 1e9:.2f} GB with {report['peak_anon'] / 1e6:.0f} MB of memory"
    if "out" in report:
        yield f"written to {report['out']} ({report['sha256'][:12]})"


def _shares(row: Mapping[str, Any]) -> str:
    return f"{row['share_top1']:>6.0%} {row['share_topk']:>6.0%}"


def _cosines(row: Mapping[str, Any]) -> str:
    if not row.get("cosines"):
        return f" {'–':>6} {'–':>6} {'–':>8}"
    return f" {row['cosines']['top1']:>6.3f} {row['cosines']['topk']:>6.3f} {row['energy'] or 0:>8.4f}"
