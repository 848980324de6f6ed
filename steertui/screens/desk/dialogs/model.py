"""F6: choose the model. The engine decides what fits, because it is its machine's memory."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

from core.byte_sizes import format_bytes
from core.errors import UsageError
from sessions.live.load_options import MODEL_OPTIONS
from steertui.screens.desk.dialogs.readers import read_words
from steertui.screens.pick import ChoiceDialog
from steertui.widgets.choices import Choice

UNLOAD = "-"
FETCH = "+"
"""Begins the key of a model that has to be fetched first; no model's name begins so."""
FREE = "type to filter, or a folder, a GGUF file or a Hugging Face id"
HINT = "enter loads (the current one is unloaded first) · options after a name: dtype=bfloat16 quant=4bit"


def model_dialog(found: Mapping[str, Any], here: str) -> ChoiceDialog:
    """The models that the engine has found or could fetch; `here` is the loaded one. Returns a name with its
    options.
    """
    # An engine of an older version says nothing of snapshots, and offers no models to fetch.
    loaded = _loaded_words(found.get("snapshots"))
    choices = [_model_choice(row, here, loaded) for row in found["models"]]
    choices += [_fetchable_choice(row) for row in found.get("fetchable", ())]
    unload = [Choice(UNLOAD, f"unload {here}", "frees its memory")] if here else []
    title = f"model · {format_bytes(found['free'])} free on {found['where']}"
    return ChoiceDialog(title, [*choices, *unload], free=FREE, hint=HINT, wide=True)


def parse_model_choice(text: str) -> tuple[str, dict[str, str]]:
    """A model name and its load options."""
    name, *rest = read_words(text) or ("",)
    options = {}
    for word in rest:
        key, _, value = word.partition("=")
        if key not in MODEL_OPTIONS or not value:
            raise UsageError(
                f"{word!r} is not a load option: write one of {', '.join(MODEL_OPTIONS)} as NAME=VALUE"
            )
        options[key] = value
    return name, options


def _loaded_words(snapshots: Mapping[str, int] | None) -> str:
    if not snapshots:
        return "loaded"
    each, limit = format_bytes(snapshots["each"]), format_bytes(snapshots["limit"])
    return f"loaded, snapshots of {each}, at most {limit}"


def _model_choice(row: Mapping[str, Any], here: str, loaded: str) -> Choice:
    if row["name"] == here:
        fit = loaded
    elif row["problem"]:
        fit = row["problem"]
    elif row["fits"]:
        fit = "fits"
    else:
        fit = f"needs {format_bytes(row['needs'])}"
    layers = f"{row['layers']} layers × {row['hidden_size']}" if row["layers"] else ""
    kind = "" if row["kind"] == "cached" else row["kind"]
    detail = " · ".join(filter(None, (kind, layers, format_bytes(row["weight_bytes"]), fit)))
    # The key is read as words, like a typed name with options, so spaces in a folder are quoted.
    return Choice(shlex.quote(row["name"]), row["name"], detail)


def _fetchable_choice(row: Mapping[str, Any]) -> Choice:
    # The size first: the name of the model is what may be cut off.
    detail = f"fetch {format_bytes(row['download'])} · {row['about'].partition(':')[0]}"
    return Choice(FETCH + row["name"], row["name"], detail)
