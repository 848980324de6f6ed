"""Generation settings of an answer as text: values that differ from the defaults or from the previous answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sessions.state.state import SessionState

Settings = Mapping[str, Any]

USUAL: Settings = {
    "system": "",
    "temperature": 0.0,
    "top_p": 1.0,
    "top_k": 0,
    "repetition_penalty": 1.0,
    "max_new_tokens": 256,
    "stop": [],
    "seed": 0,
    "template_args": {},
    "cache": "keep",
    "raw": False,
}
"""Default generation settings. `prefill` is not included: it is shown as text of the answer."""

NAMES = {"max_new_tokens": "max new", "template_args": "template", "repetition_penalty": "penalty"}
LONGEST = 48


def changed_settings(settings: Settings) -> list[str]:
    """Every setting that differs from its default, as text: `temperature 0.7`, `top-p 0.9`."""
    return [
        _setting_words(key, value) for key, value in _known_settings(settings).items() if value != USUAL[key]
    ]


def describe_settings_change(before: Settings, after: Settings) -> str:
    """The settings that changed between two answers as text; empty if there are none."""
    old, new = {**USUAL, **_known_settings(before)}, {**USUAL, **_known_settings(after)}
    return " · ".join(_setting_words(key, new[key]) for key in USUAL if old[key] != new[key])


def previous_settings(state: SessionState, parent: int | None) -> Settings:
    """The settings of the answer before the next answer to turn `parent`."""
    path = state.path(parent) if parent is not None else ()
    return next((turn.settings for turn in reversed(path) if turn.gen is not None), {})


def _known_settings(settings: Settings) -> Settings:
    known = {key: settings[key] for key in USUAL if settings.get(key) is not None}
    return {key: list(value) if isinstance(value, tuple) else value for key, value in known.items()}


def _setting_words(key: str, value: Any) -> str:
    name = NAMES.get(key, key.replace("_", "-"))
    if value == USUAL[key] and not isinstance(value, int | float | str):
        return f"{name} none"
    if key == "raw":
        return "no chat template" if value else "chat template"
    if isinstance(value, float):
        return f"{name} {value:g}"
    return f"{name} {_flat_text(value)}"


def _flat_text(value: Any) -> str:
    if isinstance(value, Mapping):
        return " ".join(f"{key}={word}" for key, word in value.items())
    text = " | ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    flat = " ".join(text.split())
    return "none" if not flat else flat if len(flat) <= LONGEST else flat[: LONGEST - 1] + "…"
