"""Kinds of parameters that are one of a few words: choices, flags, and the position of a read."""

from __future__ import annotations

import re
from collections.abc import Mapping

from core.errors import UsageError
from sessions.job_specs.kinds.kind import CheckContext, Json, ParamKind

YES, NO = "yes", "no"


class ChoiceKind(ParamKind):
    """One of some fixed words."""

    def __init__(self, *choices: str) -> None:
        self.steps = choices
        self.metavar = f"{{{','.join(choices)}}}"

    def parse(self, name: str, value: Json) -> str:
        word = str(value).strip()
        if word not in self.steps:
            raise UsageError(f"{name} is one of {', '.join(self.steps)}, not {value!r}")
        return word


class FlagKind(ParamKind):
    """On or off; on the command line an option without a value, in a form `yes` or `no`."""

    takes_value = False
    steps = (YES, NO)

    def parse(self, name: str, value: Json) -> bool:
        if isinstance(value, bool):
            return value
        if value == "" or value not in self.steps:
            raise UsageError(
                f"{name} is {' or '.join(each or 'empty' for each in self.steps)}, not {value!r}"
            )
        return bool(value == YES)

    def format(self, value: Json) -> str:
        return YES if value else NO


class SwitchKind(FlagKind):
    """A flag that is on or left to the job, which the command line cannot turn off."""

    steps = ("", YES)


class PositionKind(ParamKind):
    """The tokens of a text at which it is read, such as `last` or `span:1:3`."""

    def check(self, value: Json, context: CheckContext) -> None:
        from vectors.texts.position_spec import check_read

        check_read(value)


class PairsKind(ParamKind):
    """Variables with their values, such as `enable_thinking=false`; several are separated by commas."""

    metavar = "NAME=VALUE"

    def parse(self, name: str, value: Json) -> dict[str, Json]:
        if isinstance(value, Mapping):
            return dict(value)
        return dict(read_pair(part.strip()) for part in str(value).split(",") if part.strip())

    def format(self, value: Json) -> str:
        return ",".join(f"{key}={_as_word(each)}" for key, each in dict(value).items())


def read_pair(text: str) -> tuple[str, Json]:
    """NAME=VALUE for a chat template; true, false and whole numbers are converted."""
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise UsageError(
            f"bad template argument {text!r}; write NAME=VALUE, for example enable_thinking=false"
        )
    words: dict[str, Json] = {"true": True, "false": False}
    return name, words.get(value.lower(), int(value) if re.fullmatch(r"-?[0-9]{1,9}", value) else value)


def _as_word(value: Json) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


FLAG = FlagKind()
PAIRS = PairsKind()
SWITCH = SwitchKind()
POSITION = PositionKind()
