"""Checks of a job's parameters before its model is loaded: missing or unreadable files, output files that
cannot be written, unknown choices.

Nothing here imports torch, so a wrong command fails at once.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from pathlib import Path
from typing import Any

from core.errors import BadInput
from core.files import expanded
from core.mixer.layer_ranges import parse_layers
from sessions.job_specs.catalogue import OFFERS
from sessions.job_specs.offer import Param
from sessions.job_specs.spending import spends

DEEPEST = 10**5
"""More layers than any model has; the model's real depth is checked after loading."""
Params = Mapping[str, Any]
Look = Callable[[str, Params], object]


def refuse_early(kind: str, params: Params) -> None:
    """Raise if a parameter of a job is wrong."""
    for param in OFFERS[kind].params if kind in OFFERS else ():
        if params.get(param.name):
            _look(param, params)
    if kind in WHOLE:
        WHOLE[kind](params)


def refuse_unpaid(kind: str, params: Params) -> None:
    """Raise if this process would call Claude and there is no API key."""
    from vectors.claude import access

    if kind in OFFERS and spends(OFFERS[kind], params) and not params.get("estimate"):
        access.refuse_without_key()


def find_vector(name: str) -> Path:
    """The path of an existing vector file, by name or path; its content is not checked."""
    from vectors.library import library

    path = library.find(name)
    if not path.exists():
        raise BadInput(f"no vector {name!r}: there is no such file")
    return path


def _look(param: Param, params: Params) -> None:
    known = () if param.new else (param.name, param.kind)
    for look in (WRITTEN.get(param.holds), *map(LOOKS.get, known)):
        if look:
            look(str(params[param.name]), params)


def _vector_to_be(place: str, params: Params) -> None:
    from vectors.files import writing

    writing.checked(place, params.get("to"))


def _set_to_be(place: str, params: Params) -> None:
    from vectors.contrasts import store

    store.checked(place)


def _plot_to_be(place: str, params: Params) -> None:
    from vectors.plots import paper

    paper.checked(place)


def _contrast(name: str, params: Params) -> None:
    from vectors.contrasts.catalogue import contrast

    contrast(name)


def _prompts(name: str, params: Params) -> None:
    from sessions.experiments.common.prompts import PACKS, from_file

    _pack(name, PACKS, from_file)


def _tasks(name: str, params: Params) -> None:
    from sessions.experiments.distraction.dialogues import PACKS, from_pack

    _pack(name, PACKS, from_pack)


def _traps(name: str, params: Params) -> None:
    from sessions.experiments.honeypot.traps import PACKS, from_pack

    _pack(name, PACKS, from_pack)


def _conversations(name: str, params: Params) -> None:
    from sessions.experiments.axis_drift.scripts import from_file

    _pack(name, (), from_file)


def _pack(name: str, ours: Container[str], read: Callable[[Path], object]) -> None:
    if name not in ours:
        read(expanded(name))


def _extraction(params: Params) -> None:
    from vectors.extraction.validate import refuse_early as refuse

    refuse(params)


def _themes(params: Params) -> None:
    from vectors.themes.themes import read_runs

    read_runs(expanded(params["themes"]), params.get("other"))


LOOKS: Mapping[str, Look] = {
    "vector": lambda name, params: find_vector(name),
    "contrast": _contrast,
    "layers": lambda band, params: parse_layers(band, DEEPEST),
    "prompts": _prompts,
    "tasks": _tasks,
    "traps": _traps,
    "conversations": _conversations,
}
"""Checks by the name or kind of a parameter."""
WRITTEN: Mapping[str, Look] = {"vector": _vector_to_be, "contrast set": _set_to_be, "plot": _plot_to_be}
"""Checks of output files by what they will hold."""
WHOLE: Mapping[str, Callable[[Params], None]] = {"extract": _extraction, "themes": _themes}
"""Checks of all parameters of a job together."""
