"""Validates an extraction request before a model is loaded or an engine is contacted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.errors import UsageError
from core.files import expand_home
from vectors.extraction.published import read_evaluation
from vectors.extraction.request import Recipe
from vectors.files import writing
from vectors.plots import paper

CHOICES = ("method", "read", "holdout", "batch_tokens", "seed", "rule", "suggest")
Params = Mapping[str, Any]


def validate_request(params: Params) -> None:
    """Raise for an unknown option, an output that cannot be written, or an unreadable evaluation file."""
    writing.ensure_vector_writable(required_option(params, "out"), params.get("to"))
    Recipe(**chosen_options(params))
    if params.get("plot"):
        paper.ensure_drawable(params["plot"])
    if params.get("beside"):
        read_evaluation(expand_home(params["beside"]))


def chosen_options(params: Params) -> dict[str, Any]:
    """The options that were given; `Recipe` has defaults for the others."""
    given = {key: params[key] for key in CHOICES if params.get(key) is not None}
    return given | ({"template_args": params["template_arg"]} if params.get("template_arg") else {})


def required_option(params: Params, key: str) -> str:
    if not params.get(key):
        raise UsageError(f"extract needs --{key}")
    return str(params[key])
