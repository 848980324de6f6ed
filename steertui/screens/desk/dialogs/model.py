"""F6: choose the loaded model. The engine decides what fits, because it is its machine's memory."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from core.errors import SteerError, UsageError
from sessions.live.backend import LOADING
from steertui.screens.desk.dialogs.readers import read_words
from steertui.screens.pick import ChoiceDialog
from steertui.widgets.choices import Choice

if TYPE_CHECKING:
    from steertui.screens.desk.screen import DeskScreen

UNLOAD = "-"
OPTIONS = tuple(name for name in LOADING if name != "force")
FREE = "type to filter, or a folder or a Hugging Face id"
HINT = "enter loads (the current one is unloaded first) · options after a name: dtype=bfloat16 quant=4bit"


def open_model_dialog(desk: DeskScreen) -> None:
    desk.run_worker(_open_model_dialog(desk), group="opening", exit_on_error=False)


async def _open_model_dialog(desk: DeskScreen) -> None:
    found = await desk.link.request("models")
    if found is None:
        return
    known = desk.link.state.model
    here = known.name if known and known.state == "ready" else ""
    choices = [_model_choice(row, here) for row in found["models"]]
    unload = [Choice(UNLOAD, f"unload {here}", "frees its memory")] if here else []

    def answered(wanted: str | None) -> None:
        if wanted == UNLOAD:
            desk.request("unload")
        elif wanted:
            load_model(desk, wanted)

    title = f"model · {size_words(found['free'])} free on {found['where']}"
    desk.app.push_screen(ChoiceDialog(title, [*choices, *unload], free=FREE, hint=HINT, wide=True), answered)


def load_model(desk: DeskScreen, wanted: str) -> None:
    """Load `NAME`, or `NAME dtype=bfloat16 …`; events report the result."""
    try:
        name, options = parse_model_choice(wanted)
    except SteerError as error:
        desk.warn(str(error))
        return
    desk.link.load_options[name] = options
    desk.request("load_model", model=name, options=options)


def parse_model_choice(text: str) -> tuple[str, dict[str, str]]:
    """A model name and its load options."""
    name, *rest = read_words(text) or ("",)
    options = {}
    for word in rest:
        key, _, value = word.partition("=")
        if key not in OPTIONS or not value:
            raise UsageError(
                f"{word!r} is not a load option: write one of {', '.join(OPTIONS)} as NAME=VALUE"
            )
        options[key] = value
    return name, options


def _model_choice(row: Mapping[str, Any], here: str) -> Choice:
    if row["name"] == here:
        fit = "loaded"
    elif row["problem"]:
        fit = row["problem"]
    elif row["fits"]:
        fit = "fits"
    else:
        fit = f"needs {size_words(row['needs'])}"
    layers = f"{row['layers']} layers × {row['hidden_size']}" if row["layers"] else ""
    kind = "" if row["kind"] == "cached" else row["kind"]
    detail = " · ".join(filter(None, (kind, layers, size_words(row["weight_bytes"]), fit)))
    return Choice(shlex.quote(row["name"]), row["name"], detail)


def size_words(count: int) -> str:
    """Bytes in decimal units, as on the hub."""
    for unit, worth in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= worth:
            return f"{count / worth:.3g} {unit}"
    return f"{count} B"
