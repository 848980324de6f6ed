"""Settings of the next answers; they stay until they are changed. How each is typed and shown follows from its kind."""

from __future__ import annotations

import json
import secrets
import shlex
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from core.errors import SteerError
from core.files import JSON_BYTES, read_utf8, write_atomic
from sessions.state.answer_settings import DEFAULTS, FORM_SETTINGS, SETTINGS, AnswerSettings, json_value
from sessions.state.settings_words import changed_settings
from steertui import paths
from steertui.screens.desk.dialogs import readers

FILE = "sampling.json"
NEW = "new"
SEEDS = 2**31
YES_NO = ("yes", "no")

READERS: Mapping[str, Callable[[str], Any]] = {
    "text": str,
    "switch": readers.read_yes_no,
    "pairs": readers.read_pairs,
    "words": readers.read_words,
    "not negative": readers.read_not_negative,
    "positive": readers.read_positive,
    "share": readers.read_share,
    "count": readers.read_count,
    "positive count": readers.read_positive_count,
    "seed": readers.optional_reader(NEW, readers.read_count),
}
"""A reader of typed text for each kind of setting that can be typed at the desk; a choice reads its words."""
SYNTAX = {
    "seed": f"{NEW}: another one at every answer",
    "words": "quote those with spaces",
    "pairs": "several with spaces between",
}
"""What the desk adds to the help of a setting, by its kind."""


def setting_reader(name: str) -> Callable[[str], Any]:
    """The reader of what is typed for a setting; its value, or a sentence that says why not."""
    spec = SETTINGS[name]
    read = readers.choice_reader(*spec.choices) if spec.choices else READERS[spec.kind]
    # A switch whose option turns something off is stored inverted.
    return (lambda text: not read(text)) if spec.off else read


def setting_help(name: str) -> str:
    spec = SETTINGS[name]
    return "; ".join(filter(None, (spec.help, SYNTAX.get(spec.kind))))


def setting_text(name: str, value: Any) -> str:
    """A setting's value as it would be typed."""
    spec = SETTINGS[name]
    if isinstance(value, bool):
        return "yes" if value is not spec.off else "no"
    if isinstance(value, Mapping):
        return shlex.join(f"{key}={_plain_value(each)}" for key, each in value.items())
    if isinstance(value, tuple):
        return shlex.join(value)
    if isinstance(value, float):
        return f"{value:g}"
    return NEW if value is None else str(value)


def _plain_value(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


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
