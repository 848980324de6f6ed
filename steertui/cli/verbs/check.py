"""Checks a vector on a model in about a minute: does it have an effect, on which layers, and at which
doses?
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

from sessions.job_specs.workshop import CHECK
from steertui.check_report import render_check_report
from steertui.cli.options import flags, job_flags
from steertui.cli.output.printing import print_report
from steertui.cli.run_job import execute_job


def add_arguments(parser: argparse.ArgumentParser) -> None:
    job_flags.add_offer(parser, CHECK)
    flags.add_model(parser)
    parser.add_argument("--json", action="store_true", help="one JSON object: the whole report")
    flags.add_recording(parser)


def run(args: argparse.Namespace) -> int:
    """The exit code is 0 even if the verdict is bad: the verdict is the result."""
    report = run_check(args)
    print_report(args, report, render_check_report(report))
    return 0


def run_check(args: argparse.Namespace) -> Mapping[str, Any]:
    return execute_job(args, CHECK.kind, job_flags.offer_params(args, CHECK))
