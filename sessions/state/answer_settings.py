"""The settings of one answer: each with its type, its default, and how it is written as an option, in a form and
as a slash command.

Command line, form, slash commands, words in the transcript and the mapping to Inspect are derived from
`AnswerSettings`; a new setting is one more field.
"""

from __future__ import annotations

import reprlib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from core.errors import UsageError
from sessions.state.setting_kinds import KINDS

ANSWER, CONVERSATION, SESSION = "answer", "conversation", "session"
"""What a setting belongs to: changing one of a conversation starts a new conversation at the model; one of the
session is carried out by the session and not passed to the model.
"""


@dataclass(frozen=True)
class SettingSpec:
    """How one setting is written. Without `option`, `label` or `slash` it is no command-line option, not in the
    form, or no slash command.

    Args:
        kind: What it holds, from `KINDS`; a reader of typed text is chosen by it.
        help: One sentence, the same on the command line, in the form and after the slash.
        metavar: How its value is written in help.
        short: Its name in the transcript, if that is not the name with hyphens.
        off: The form asks for the opposite under `label`: yes is False.
        inspect: Its name in an Inspect log.
    """

    kind: str
    help: str = ""
    metavar: str | None = None
    option: str = ""
    label: str = ""
    slash: str = ""
    short: str = ""
    choices: tuple[str, ...] = ()
    scope: str = ANSWER
    off: bool = False
    inspect: str = ""


def _setting(default: Any, kind: str, help: str = "", metavar: str | None = None, **written: Any) -> Any:  # noqa: A002
    spec = SettingSpec(kind, help, metavar, **written)
    # Dataclass instances must not share one mutable default.
    if isinstance(default, Mapping):
        return field(default_factory=lambda: dict(default), metadata={"spec": spec})
    return field(default=default, metadata={"spec": spec})


@dataclass(frozen=True)
class AnswerSettings:
    """The settings of one answer besides steering, by their names in `core.stream` and in events.

    A seed of None is drawn by the desk for every answer; an event always has a number.
    """

    system: str = _setting(
        "",
        "text",
        "instructions for the model; may be empty",
        "TEXT",
        option="--system",
        label="system prompt",
        slash="system",
        scope=CONVERSATION,
    )
    prefill: str = _setting(
        "",
        "text",
        "first words of every answer",
        "TEXT",
        option="--prefill",
        label="prefill",
        slash="prefill",
    )
    raw: bool = _setting(
        False,
        "switch",
        "no chat template: the text is just continued",
        option="--raw",
        label="chat template",
        off=True,
        scope=CONVERSATION,
    )
    template_args: Mapping[str, Any] = _setting(
        {},
        "pairs",
        "for the chat template, such as enable_thinking=false",
        "K=V",
        option="--template-arg",
        label="template arguments",
        short="template",
        scope=CONVERSATION,
    )
    temperature: float = _setting(
        0.0,
        "not negative",
        "0 picks the most likely token",
        "X",
        option="--temperature",
        label="temperature",
        slash="temperature",
        inspect="temperature",
    )
    top_p: float = _setting(
        1.0,
        "share",
        "the most likely tokens that make up this share; 1: all",
        "X",
        option="--top-p",
        label="top-p",
        slash="top-p",
        inspect="top_p",
    )
    top_k: int = _setting(
        0,
        "count",
        "only this many of the most likely tokens; 0: all",
        "N",
        option="--top-k",
        label="top-k",
        slash="top-k",
        inspect="top_k",
    )
    repetition_penalty: float = _setting(
        1.0,
        "positive",
        "above 1 makes repeated tokens less likely",
        "X",
        option="--repetition-penalty",
        label="repetition penalty",
        short="penalty",
    )
    seed: int | None = _setting(
        0,
        "seed",
        "the random numbers start from it",
        "N",
        option="--seed",
        label="seed",
        slash="seed",
        inspect="seed",
    )
    max_new_tokens: int = _setting(
        256,
        "positive count",
        "the longest answer in tokens",
        "N",
        option="--max-new",
        label="max new tokens",
        slash="max",
        short="max new",
        inspect="max_tokens",
    )
    stop: tuple[str, ...] = _setting(
        (), "words", "end where this text appears", "TEXT", option="--stop", label="stop texts"
    )
    thought_budget: int = _setting(
        0,
        "count",
        "close a thought after this many tokens; 0: no limit",
        "N",
        option="--thought-budget",
        label="thought budget",
        slash="thoughts",
    )
    cache: str = _setting(
        "keep",
        "choice",
        "after a mixer change: keep the cache, or rebuild it with the new mixer",
        option="--cache",
        label="cache",
        choices=("keep", "rebuild"),
    )
    shadow: str | None = _setting(
        None,
        "choice",
        "run the unsteered model beside the answer",
        option="--shadow",
        choices=("free", "forced"),
    )
    compile: bool | str = _setting(
        False,
        "compile",
        "decode with a compiled step after checking it against the eager one",
        option="--compile",
        scope=CONVERSATION,
    )
    ignore_end: bool = _setting(False, "switch", "go on after the end of the answer")
    inspect: int = _setting(0, "count", "report this many of the most likely tokens per token")
    edges: tuple[int, ...] = _setting(
        (), "counts", "the prefill chunks of an earlier run, to repeat it exactly"
    )
    pace: float = _setting(0.0, "number", "at most this many tokens per second; 0: no limit", scope=SESSION)
    script: Mapping[str, Any] = _setting({}, "edits", "changes at tokens fixed beforehand", scope=SESSION)

    def as_json(self) -> dict[str, Any]:
        """The settings that differ from their defaults, as in events."""
        values = {name: json_value(getattr(self, name)) for name in SETTINGS}
        return {name: value for name, value in values.items() if value != DEFAULTS[name]}


def json_value(value: Any) -> Any:
    """A setting's value as events hold it."""
    return list(value) if isinstance(value, tuple) else dict(value) if isinstance(value, Mapping) else value


SETTINGS: Mapping[str, SettingSpec] = {each.name: each.metadata["spec"] for each in fields(AnswerSettings)}
DEFAULTS: Mapping[str, Any] = {name: json_value(getattr(AnswerSettings(), name)) for name in SETTINGS}
FORM_SETTINGS = tuple(name for name, spec in SETTINGS.items() if spec.label)
"""The settings that the desk's form asks for."""

FRAME = ("system", "prefill", "raw", "template_args")
"""The settings that make the prompt's token ids."""
SAMPLING = ("temperature", "top_p", "top_k", "repetition_penalty", "seed")
IN_LANES = (*FRAME, *SAMPLING, "max_new_tokens", "stop", "ignore_end")
"""The settings that an answer in a lane of a batch may have; all others need an answer of its own."""


def settings_of_scope(scope: str) -> tuple[str, ...]:
    return tuple(name for name, spec in SETTINGS.items() if spec.scope == scope)


def check_settings(settings: Mapping[str, Any]) -> None:
    """Raise for a setting that does not exist or has a value of another type; None is a setting left out.

    Ranges are checked where the answer begins, so that the session records why there is none.
    """
    for name, value in settings.items():
        if name not in SETTINGS:
            raise UsageError(f"there is no setting {name!r}: an answer has {', '.join(SETTINGS)}")
        spec = SETTINGS[name]
        what, holds = KINDS[spec.kind]
        if value is not None and not holds(value):
            raise UsageError(f"{name} must be {what}, not {reprlib.repr(value)}")
