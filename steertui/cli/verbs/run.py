"""Runs an experiment: prompts under several conditions, with a random control, intervals and a report.
Without a name it lists the experiments. A run that was stopped continues.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from core.errors import PartlyDone
from sessions.experiments.common.prompts import PACKS
from sessions.experiments.judges.registry import JUDGES
from sessions.experiments.registry import EXPERIMENTS
from sessions.experiments.report import document, tables
from sessions.experiments.scoring.measures import MEASURES
from sessions.job_specs.catalogue import OFFERS
from steertui.cli.options import flags, job_flags
from steertui.cli.output.named_list import named_lines, note_lines, wrapped_lines
from steertui.cli.output.printing import print_report
from steertui.cli.run_job import execute_job


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="the list as one JSON object")
    names = parser.add_subparsers(dest="name", metavar="NAME")
    for name in EXPERIMENTS:
        offer = OFFERS[name]
        one = names.add_parser(
            name,
            help=offer.title,
            description=f"{offer.title}: {offer.summary}{'' if offer.summary.endswith('?') else '.'}",
        )
        job_flags.add_offer(one, offer)
        flags.add_model(one)
        flags.add_output(one)


def run(args: argparse.Namespace) -> int:
    if args.name is None:
        print_report(args, experiment_list(), _render_list())
        return 0
    report = run_experiment(args)
    print_report(args, report, render_experiment(report))
    return PartlyDone.exit_code if report["summary"].get("missing") else 0


def experiment_list() -> dict[str, Any]:
    return {
        "experiments": {name: OFFERS[name].summary for name in EXPERIMENTS},
        "prompts": list(PACKS),
        "measures": {measure.name: measure.about for measure in MEASURES.values()},
        "judges": list(JUDGES),
    }


def _render_list() -> Iterator[str]:
    found = experiment_list()
    yield "steertui run NAME --help lists an experiment's options"
    yield from named_lines(((f"  {name}", words) for name, words in found["experiments"].items()), column=14)
    yield "prompts: " + ", ".join(found["prompts"]) + ", or a JSONL file"
    yield "measures: words:A,B,… or"
    yield from named_lines(((f"  {name}", words) for name, words in found["measures"].items()), column=14)
    yield from wrapped_lines("judges: ", ", ".join(found["judges"]))


def run_experiment(args: argparse.Namespace) -> Mapping[str, Any]:
    return execute_job(args, args.name, job_flags.offer_params(args, OFFERS[args.name]))


def render_experiment(report: Mapping[str, Any]) -> Iterator[str]:
    """The cost bound, every table except those of single answers, and the summary."""
    cost = ", ".join(f"{value:,} {name.replace('_', ' ')}" for name, value in report["cost"].items() if value)
    yield f"{report['experiment']} on {report['model']}, seed {report['seed']}: at most {cost}"
    for name, rows in tables.group_rows(report["rows"]).items():
        if not tables.is_long(name):
            yield from ("", name, *_table_lines(rows))
    yield ""
    yield from document.nested_list({**report["summary"], "control": report["control"]})
    yield f"n: {report['n']}"
    yield from note_lines(report.get("warnings", ()))


def _table_lines(rows: tables.Rows) -> Iterator[str]:
    """In parts where a terminal would break the lines; whole in a file or a pipe."""
    if not sys.stdout.isatty():
        return tables.markdown_table(rows)
    return tables.fitting_tables(rows, shutil.get_terminal_size((80, 24)).columns)
