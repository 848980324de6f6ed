"""Lists the contrast sets that come with steertui, shows what a set or a file holds (counts and its first pair), lints
it (what would make a vector doubtful), or makes a new one: written by Claude, or with --with-model from the answers a
model gives to the questions of another."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from core.errors import PartlyDone, UsageError
from core.secrets import scrub
from sessions.job_specs.contrasts import CONTRAST_ANSWER, CONTRAST_MAKE
from sessions.job_specs.kinds.numbers import SHARE
from sessions.job_specs.offer import JobSpec
from steertui.cli.options import flags, job_flags
from steertui.cli.options.help_format import add_action
from steertui.cli.output.contrast_report import built_in_report, render_list, render_set, set_report
from steertui.cli.output.lint_lines import lint_report, render_lint
from steertui.cli.output.printing import print_report
from steertui.cli.run_job import execute_job
from steertui.text import safe_text


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    listing = add_action(actions, "list", "list the built-in sets")
    showing = add_action(actions, "show", "show counts, domains and the first pair of one set")
    showing.add_argument("set", metavar="SET", help="a built-in set or a file of pairs")
    showing.add_argument(
        "--rows", type=flags.parse_count, metavar="N", help="also show N of its texts as a table (0: all)"
    )
    linting = add_action(actions, "lint", "find shortcuts, repetition and too few pairs, without a model")
    linting.add_argument("set", metavar="SET", help="a built-in set or a file of pairs")
    linting.add_argument("--read", metavar="READ", help="the read of the vector to be made (the set's)")
    linting.add_argument("--holdout", metavar="SHARE", help="held-out fraction of the pairs (0.2)")
    making = add_action(actions, "make", "make a new set, written by Claude or answered by a model")
    job_flags.add_offer(making, CONTRAST_MAKE)
    making.add_argument("--yes", action="store_true", help="do not ask before Claude is used")
    making.add_argument(
        "--with-model", action="store_true", help="let --model answer both sides of the set instead"
    )
    for param in _only_in(CONTRAST_ANSWER, CONTRAST_MAKE):
        job_flags.add_param(making, param)
    flags.add_model(making)
    flags.add_output(making)
    for action in (listing, showing, linting):
        action.add_argument("--json", action="store_true", help="one JSON object on stdout")


def run(args: argparse.Namespace) -> int:
    if args.action == "make":
        return make_set(args)
    if args.action == "lint":
        return lint_one(args)
    report = built_in_report() if args.action == "list" else set_report(args.set, args.rows)
    lines = render_list(report) if args.action == "list" else render_set(report)
    print_report(args, report, lines)
    if not args.json:
        print_warnings(report)
    return 0


def print_warnings(report: Mapping[str, Any]) -> None:
    for warning in report.get("warnings", ()):
        print(safe_text(f"steertui: note: {warning}"), file=sys.stderr)


def lint_one(args: argparse.Namespace) -> int:
    """Print the findings; they are notes and no failure, so the exit code is 0."""
    from vectors.contrasts.catalogue import contrast

    holdout = SHARE.parse("holdout", args.holdout) if args.holdout else None
    report = lint_report(contrast(args.set), args.read, holdout)
    print_report(args, report, render_lint(report))
    return 0


def make_set(args: argparse.Namespace) -> int:
    """Make the new set and show it; an interrupted run continues without repeating finished work."""
    report = run_making(args)
    if report["pairs"]:
        report = {**report, **set_report(report["out"])}
    print_report(args, report, render_made_set(report))
    return PartlyDone.exit_code if report.get("missing") else 0


def run_making(args: argparse.Namespace) -> Mapping[str, Any]:
    offer, other = (CONTRAST_MAKE, CONTRAST_ANSWER)[:: -1 if args.with_model else 1]
    # Options of the other way to make a set are refused instead of ignored.
    for param in _only_in(other, offer):
        if getattr(args, param.name) is not None:
            way = "with --with-model" if args.with_model else "without --with-model"
            raise UsageError(f"{param.option} means nothing {way}")
    params = job_flags.offer_params(args, offer)
    if offer is CONTRAST_MAKE and not (args.yes or args.estimate):
        confirm_cost(params)
    return execute_job(args, offer.kind, params)


def confirm_cost(params: Mapping[str, Any]) -> None:
    """Show the cost bound and ask for confirmation before Claude is used."""
    from vectors.claude import access
    from vectors.contrasts.writing.job import claude_model, writing_cost

    if not access.has_key():
        return  # the job raises the error
    where = f" at {scrub(access.base_url())}" if access.base_url() else ""
    most = f"{claude_model(params)}{where} will be asked: at most {writing_cost(params)}"
    # Nobody can answer the question in a script or a pipe.
    if not sys.stdin.isatty():
        raise UsageError(f"{most}; give --yes to continue, or --budget and --yes for a lower limit")
    sys.stderr.write(f"{safe_text(most)}. Continue? [y/N] ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        # Declining ends the command like ctrl+c does.
        raise KeyboardInterrupt


def _only_in(offer: JobSpec, other: JobSpec) -> Iterator[Any]:
    """The parameters of `offer` that `other` does not have."""
    known = {param.name for param in other.params}
    yield from (param for param in offer.params if param.name not in known)


def render_made_set(report: Mapping[str, Any]) -> Iterator[str]:
    """The new set, the number of rejected pairs by reason, and the cost."""
    if report["pairs"]:
        yield from render_set(report)
        yield f"written to {report['out']}"
    for why, number in report.get("left_out", {}).items():
        yield (
            f"left out: {number} for {why}"
            if why != "more than asked"
            else f"left out: {number} more than asked"
        )
    if twice := report.get("duplicates"):
        yield f"left out: {twice} questions that were nearly another one"
    if missing := report.get("missing"):
        yield f"note: {missing} pairs are missing; the same command continues and pays for nothing twice"
    if cost := report.get("cost"):
        money = "no price known" if cost["dollars"] is None else f"${cost['dollars']:.4f}"
        yield f"Claude: {cost['calls']} calls, {cost['input'] + cost['output']:,} tokens, {money}"
