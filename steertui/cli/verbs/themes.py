"""Does a direction express the same themes as the fine-tuning it was taken from? Scores both with the
linearity score of steer-clear, each run compared with the directions of other runs: sentences of one kind
resemble each other, so chance is far above 0. THEMES holds a JSON object per line: `name`, `tuned` and
`direction`, lists of sentences. The model embeds them if it knows paraphrases from other sentences, which is
tested first; --embeddings takes rows of an embedding model instead.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from typing import Any

from sessions.job_specs.workshop import THEMES
from steertui.cli.options import flags, job_flags
from steertui.cli.output.named_list import note_lines
from steertui.cli.output.printing import print_report
from steertui.cli.run_job import execute_job


def add_arguments(parser: argparse.ArgumentParser) -> None:
    job_flags.add_offer(parser, THEMES)
    flags.add_model(parser)
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    parser.add_argument("--jsonl", action="store_true", help="events on stdout as they happen, one per line")
    flags.add_recording(parser)


def run(args: argparse.Namespace) -> int:
    report = execute_job(args, THEMES.kind, job_flags.offer_params(args, THEMES))
    print_report(args, report, render_themes(report))
    return 0


def render_themes(report: Mapping[str, Any]) -> Iterator[str]:
    yield f"{'run':<24} {'score':>6} {'null':>6} {'highest':>7} {'p':>6} {'cosines':>13}"
    for name, found in report["runs"].items():
        null = found["null"]
        chance = (
            f"{null['mean']:>6.3f} {null['highest']:>7.3f} {found['p']:>6.2f}"
            if null
            else f"{'–':>6} {'–':>7} {'–':>6}"
        )
        # 0 is added after rounding, so that nothing is "-0.00".
        low, high = (round(found[name], 2) + 0.0 for name in ("lowest", "highest"))
        yield f"{name:<24} {found['score']:>6.3f} {chance} {f'{low:.2f} to {high:.2f}':>13}"
    if report["n"] == 1:
        yield "note: one run has no null: give several, to compare each with the directions of the others"
    tested = "not tested" if report["auroc"] is None else f"AUROC {report['auroc']:.2f} in its self-test"
    yield f"embedded by {report['embedded_by']} ({tested})"
    yield "null: the tuned themes of a run with the directions of all others"
    yield from note_lines(report["warnings"])
