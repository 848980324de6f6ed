"""How an answer is made, as its `gen` event keeps it: what differs from the usual, in words for a marker."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sessions.state import State

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
"""What an answer is made with when nobody says anything. `prefill` is not here: it is text, and drawn as text."""

NAMES = {"max_new_tokens": "max new", "template_args": "template", "repetition_penalty": "penalty"}
LONGEST = 48


def unusual(settings: Settings) -> list[str]:
    """`temperature 0.7`, `top-p 0.9`: every setting that is not what it usually is."""
    return [_worded(key, value) for key, value in _known(settings).items() if value != USUAL[key]]


def change(before: Settings, after: Settings) -> str:
    """What the next answer is made with that the one before was not; nothing when they are made alike."""
    old, new = {**USUAL, **_known(before)}, {**USUAL, **_known(after)}
    return " · ".join(_worded(key, new[key]) for key in USUAL if old[key] != new[key])


def made_before(state: State, parent: int | None) -> Settings:
    """How the answer was made that the next one, to this turn, follows."""
    path = state.path(parent) if parent is not None else ()
    return next((turn.settings for turn in reversed(path) if turn.gen is not None), {})


def _known(settings: Settings) -> Settings:
    known = {key: settings[key] for key in USUAL if settings.get(key) is not None}
    return {key: list(value) if isinstance(value, tuple) else value for key, value in known.items()}


def _worded(key: str, value: Any) -> str:
    name = NAMES.get(key, key.replace("_", "-"))
    if value == USUAL[key] and not isinstance(value, int | float | str):
        return f"{name} none"
    if key == "raw":
        return "no chat template" if value else "chat template"
    if isinstance(value, float):
        return f"{name} {value:g}"
    return f"{name} {_text(value)}"


def _text(value: Any) -> str:
    if isinstance(value, Mapping):
        return " ".join(f"{key}={word}" for key, word in value.items())
    text = " | ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    flat = " ".join(text.split())
    return "none" if not flat else flat if len(flat) <= LONGEST else flat[: LONGEST - 1] + "…"
