"""Generation settings of an answer as text: values that differ from the defaults or from the previous answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sessions.state.answer_settings import DEFAULTS, FORM_SETTINGS, SETTINGS
from sessions.state.state import SessionState

Settings = Mapping[str, Any]

NAMED = tuple(name for name in FORM_SETTINGS if name != "prefill")
"""The settings that are told by name; `prefill` is shown as text of the answer."""
LONGEST = 48


def changed_settings(settings: Settings) -> list[str]:
    """Every setting that differs from its default, as text: `temperature 0.7`, `top-p 0.9`."""
    known = _known_settings(settings)
    return [setting_words(key, value) for key, value in known.items() if value != DEFAULTS[key]]


def describe_settings_change(before: Settings, after: Settings) -> str:
    """The settings that changed between two answers as text; empty if there are none."""
    old, new = {**DEFAULTS, **_known_settings(before)}, {**DEFAULTS, **_known_settings(after)}
    return " · ".join(setting_words(key, new[key]) for key in NAMED if old[key] != new[key])


def previous_settings(state: SessionState, parent: int | None) -> Settings:
    """The settings of the answer before the next answer to turn `parent`."""
    path = state.path(parent) if parent is not None else ()
    return next((turn.settings for turn in reversed(path) if turn.gen is not None), {})


def _known_settings(settings: Settings) -> Settings:
    known = {key: settings[key] for key in NAMED if settings.get(key) is not None}
    # Events hold lists: without this a tuple would look like a change.
    return {key: list(value) if isinstance(value, tuple) else value for key, value in known.items()}


def setting_words(key: str, value: Any) -> str:
    """One setting as text: `temperature 0.7`."""
    name = SETTINGS[key].short or key.replace("_", "-")
    # An empty value has no text of its own.
    if value == DEFAULTS[key] and not isinstance(value, int | float | str):
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
