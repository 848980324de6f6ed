"""Checks of a job's parameters before its model is loaded: missing or unreadable files, output files that
cannot be written, unknown choices.

Nothing here imports torch, so a wrong command fails at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sessions.experiments.packs import pack_source
from sessions.job_specs.catalogue import OFFERS
from sessions.job_specs.kinds.kind import CheckContext
from sessions.job_specs.spending import costs_money

Params = Mapping[str, Any]


def absolute_params(kind: str, params: Params) -> dict[str, Any]:
    """The parameters with absolute paths, because the engine has another working folder."""
    context = CheckContext(pack_source, params)
    known = {param.name: param for param in OFFERS[kind].params} if kind in OFFERS else {}
    return {
        name: known[name].absolute(value, context) if name in known else value
        for name, value in params.items()
    }


def check_params(kind: str, params: Params) -> None:
    """Raise if a parameter of a job is wrong."""
    context = CheckContext(pack_source, params)
    for param in OFFERS[kind].params if kind in OFFERS else ():
        param.check(params.get(param.name), context)


def check_api_key(kind: str, params: Params) -> None:
    """Raise if this process would call Claude and there is no API key."""
    from vectors.claude import access

    if kind in OFFERS and costs_money(OFFERS[kind], params) and not params.get("estimate"):
        access.refuse_without_key()
