"""The values a form can offer for a parameter: vectors, models, built-in sets, or a few fixed words.

Listing them reads cards, caches and folders, so it is done on request and off the event loop.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from core.byte_sizes import format_bytes
from sessions.job_specs.offer import JobParam
from steertui.widgets.choices import Choice

YES, NO = "yes", "no"


def step_values(param: JobParam) -> tuple[str, ...]:
    """The few values of a parameter that the arrow keys step through; `""` leaves an optional flag unset."""
    if param.kind == "flag":
        return ("", YES) if param.default is None else (YES, NO)
    return param.choices


def has_choices(param: JobParam) -> bool:
    """Whether there is a list to choose from."""
    return param.kind in LISTS


def load_choices(param: JobParam) -> list[Choice]:
    """The list to choose from; reads the disk."""
    return LISTS[param.kind]()


def _vectors() -> list[Choice]:
    from steertui.screens.vector_choices import vector_choices

    return vector_choices()


def _models() -> list[Choice]:
    from steertui.catalogue import list_models

    return [
        Choice(entry.name, entry.name, entry.problem or format_bytes(entry.weight_bytes))
        for entry in list_models()
    ]


def _sets() -> list[Choice]:
    from vectors.contrasts.catalogue import BUILT_IN

    return [Choice(found.name, found.name, found.about) for found in BUILT_IN.values()]


LISTS: Mapping[str, Callable[[], list[Choice]]] = {"vector": _vectors, "model": _models, "contrast": _sets}
