"""The settings of the next answers: what a request says of them, what an answer had, and the user's defaults."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from core.errors import SteerError
from core.files import JSON_BYTES, read_utf8, write_atomic
from sessions.state.answer_settings import DEFAULTS, FORM_SETTINGS, AnswerSettings, json_value
from sessions.state.settings_words import changed_settings
from steertui import paths

FILE = "sampling.json"
NEW = "new"
"""A seed that is drawn anew for every answer, in words."""
SEEDS = 2**31


def request_settings(sampling: AnswerSettings, *, new_seed: bool = False) -> dict[str, Any]:
    """Settings for `chat` and `regenerate`; defaults are left out."""
    # A random seed is drawn here, so that the answer's record holds it.
    drawn = sampling.seed is None or new_seed
    return (replace(sampling, seed=secrets.randbelow(SEEDS)) if drawn else sampling).as_json()


def sampling_words(sampling: AnswerSettings) -> list[str]:
    """The settings that differ from the defaults, as text."""
    said = sampling.as_json() | ({"seed": NEW} if sampling.seed is None else {})
    return [*changed_settings(said), *([f"prefill “{sampling.prefill}”"] if sampling.prefill else [])]


def settings_of_answer(settings: Mapping[str, Any], now: AnswerSettings) -> AnswerSettings:
    """The settings of an existing answer; a random seed stays random and the prefill is not copied."""
    known = {name: settings[name] for name in FORM_SETTINGS if name in settings}
    # JSON has lists only; the settings are compared with tuples.
    known["stop"] = tuple(known.get("stop", ()))
    made = AnswerSettings(**{**known, "prefill": now.prefill})
    return replace(made, seed=None) if now.seed is None else made


def load_default_sampling() -> AnswerSettings:
    """The user's saved defaults; an unreadable file counts as none."""
    try:
        found = json.loads(read_utf8(paths.config_folder() / FILE, JSON_BYTES))
        return replace(settings_of_answer(found, AnswerSettings()), seed=found.get("seed", 0))
    except (OSError, ValueError, TypeError, AttributeError, RecursionError, SteerError):
        return AnswerSettings()


def save_default_sampling(sampling: AnswerSettings) -> None:
    """Save as defaults, without the prefill."""
    said = {name: json_value(getattr(sampling, name)) for name in FORM_SETTINGS}
    text = json.dumps(said | {"prefill": DEFAULTS["prefill"]}, indent=1)
    write_atomic(paths.config_folder() / FILE, text.encode())
