"""How the settings of the next answers are typed and shown, which follows from the kind of each."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from typing import Any

from sessions.state.answer_settings import SETTINGS
from steertui.screens.desk.dialogs import readers
from steertui.screens.desk.next_sampling import NEW

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
