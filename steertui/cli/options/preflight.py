"""Checks of a job's parameters before its model is loaded: missing or unreadable files, output files that
cannot be written, unknown choices.

Nothing here imports torch, so a wrong command fails at once.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from pathlib import Path
from typing import Any

from core.files import expand_home
from core.mixer.layer_ranges import parse_layers
from sessions.job_specs.catalogue import OFFERS
from sessions.job_specs.offer import JobParam
from sessions.job_specs.spending import costs_money
from steertui.vector_args import MOST_LAYERS, find_vector_file

Params = Mapping[str, Any]
Look = Callable[[str, Params], object]


def check_params(kind: str, params: Params) -> None:
    """Raise if a parameter of a job is wrong."""
    for param in OFFERS[kind].params if kind in OFFERS else ():
        if params.get(param.name):
            _check_param(param, params)
    if kind in WHOLE:
        WHOLE[kind](params)


def check_api_key(kind: str, params: Params) -> None:
    """Raise if this process would call Claude and there is no API key."""
    from vectors.claude import access

    if kind in OFFERS and costs_money(OFFERS[kind], params) and not params.get("estimate"):
        access.refuse_without_key()


def _check_param(param: JobParam, params: Params) -> None:
    known = () if param.new else (param.name, param.kind)
    for look in (WRITTEN.get(param.holds), *map(LOOKS.get, known)):
        if look:
            look(str(params[param.name]), params)


def _check_vector_output(place: str, params: Params) -> None:
    from vectors.files import writing

    writing.ensure_vector_writable(place, params.get("to"))


def _check_set_output(place: str, params: Params) -> None:
    from vectors.contrasts import store

    store.prepare_output(place)


def _check_plot_output(place: str, params: Params) -> None:
    from vectors.plots import paper

    paper.ensure_drawable(place)


def _check_contrast(name: str, params: Params) -> None:
    from vectors.contrasts.catalogue import contrast

    contrast(name)


def _check_prompts(name: str, params: Params) -> None:
    from sessions.experiments.common.prompts import PACKS, read_prompt_file

    _check_pack(name, PACKS, read_prompt_file)


def _check_tasks(name: str, params: Params) -> None:
    from sessions.experiments.distraction.dialogues import PACKS, read_tasks

    _check_pack(name, PACKS, read_tasks)


def _check_traps(name: str, params: Params) -> None:
    from sessions.experiments.honeypot.traps import PACKS, read_settings

    _check_pack(name, PACKS, read_settings)


def _check_conversations(name: str, params: Params) -> None:
    from sessions.experiments.axis_drift.scripts import read_conversations

    _check_pack(name, (), read_conversations)


def _check_pack(name: str, ours: Container[str], read: Callable[[Path], object]) -> None:
    if name not in ours:
        read(expand_home(name))


def _check_extraction(params: Params) -> None:
    from vectors.extraction.validate import validate_request as refuse

    refuse(params)


def _check_themes(params: Params) -> None:
    from vectors.themes.themes import read_runs

    read_runs(expand_home(params["themes"]), params.get("other"))


LOOKS: Mapping[str, Look] = {
    "vector": lambda name, params: find_vector_file(name),
    "contrast": _check_contrast,
    "layers": lambda band, params: parse_layers(band, MOST_LAYERS),
    "prompts": _check_prompts,
    "tasks": _check_tasks,
    "traps": _check_traps,
    "conversations": _check_conversations,
}
"""Checks by the name or kind of a parameter."""
WRITTEN: Mapping[str, Look] = {
    "vector": _check_vector_output,
    "contrast set": _check_set_output,
    "plot": _check_plot_output,
}
"""Checks of output files by what they will hold."""
WHOLE: Mapping[str, Callable[[Params], None]] = {"extract": _check_extraction, "themes": _check_themes}
"""Checks of all parameters of a job together."""
