"""The vectors that can be added without a path: starters of the demo world and the user's library."""

from __future__ import annotations

from sessions.job_specs.kinds.inputs import vector_detail
from steertui.screens.library.compatibility import fit_badge, refusal_reason
from steertui.widgets.choices import Choice
from vectors.data.model_shape import ModelShape
from vectors.library import library


def vector_choices(shape: ModelShape | None = None, first: str = "") -> list[Choice]:
    """The library's entries as choices, each with a short note; those that a model of this shape would refuse
    come last, marked, and of either the one named `first` comes first.
    """

    def is_other(choice: Choice) -> bool:
        return choice.name != first

    fitting, refused = [], []
    for entry in library.list_entries():
        detail = vector_detail(entry)
        if refusal_reason(entry.card, shape):
            refused.append(Choice(entry.name, entry.name, f"{fit_badge(entry.card, shape)} · {detail}"))
        else:
            fitting.append(Choice(entry.name, entry.name, detail))
    # The sort is stable, so the others keep their order.
    return [*sorted(fitting, key=is_other), *sorted(refused, key=is_other)]
