"""Options of a job: one for each parameter that its form has, with the same name and sentences."""

from __future__ import annotations

import argparse
from typing import Any

from sessions.job_specs.offer import JobParam, JobSpec

LONGEST_METAVAR = 40


def add_offer(parser: argparse.ArgumentParser, offer: JobSpec) -> None:
    """Add the parameters of a job as options; an option that is not given is None."""
    for param in offer.params:
        add_param(parser, param)


def add_param(parser: argparse.ArgumentParser, param: JobParam) -> None:
    if not param.kind.takes_value:
        # A parameter that is on by default has an option that turns it off.
        words = f"do not {param.help}" if param.default else param.help
        parser.add_argument(
            param.option, dest=param.name, action="store_const", const=not param.default, help=words
        )
    elif param.positional:
        parser.add_argument(param.name, metavar=param.name.upper(), help=param.help)
    else:
        # The default is only shown: left out, the option is None, and the job fills it in.
        default = "" if param.default in (None, "") else f" ({param.default})"
        metavar, words = param.kind.metavar, param.help
        # argparse cannot break a metavar, so a long list of words goes into the help.
        if metavar.startswith("{") and len(metavar) > LONGEST_METAVAR:
            metavar, words = "NAME", f"{words}: {metavar[1:-1].replace(',', ', ')}"
        parser.add_argument(
            param.option,
            required=param.required,
            metavar=metavar,
            # argparse expands % in help texts.
            help=(words + default).replace("%", "%%"),
        )


def offer_params(args: argparse.Namespace, offer: JobSpec) -> dict[str, Any]:
    """The job's parameters from the parsed options, converted and with defaults."""
    return offer.read({param.name: getattr(args, param.name) for param in offer.params})
