"""F7: the form for the settings of the next answers."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

from core.errors import SteerError
from steertui.screens.desk.dialogs import readers
from steertui.screens.desk.dialogs.form import DeskForm, Question
from steertui.screens.desk.dialogs.sampling import NEW, Sampling, remember

if TYPE_CHECKING:
    from steertui.screens.desk.screen import Desk

YES_NO = ("yes", "no")


def ask(desk: Desk) -> None:
    """Open the form; its values apply from the next answer on, and changed ones are shown over the prompt."""

    def answered(values: dict[str, Any] | None) -> None:
        if values is None:
            return
        keep, template = values.pop("remember"), values.pop("template")
        desk.talk.set(Sampling(**values, raw=not template))
        if keep:
            _keep(desk)

    now = desk.talk.sampling
    desk.app.push_screen(DeskForm("the next answers", [*_words(now), *_chance(now), *_ends(now)]), answered)


def _keep(desk: Desk) -> None:
    try:
        remember(desk.talk.sampling)
    except (OSError, SteerError) as error:
        desk.warn(f"not remembered: {error}")


def _words(now: Sampling) -> list[Question]:
    pairs = shlex.join(f"{key}={_plain(value)}" for key, value in now.template_args.items())
    template = "no" if now.raw else "yes"
    return [
        Question("system", "system prompt", now.system, "instructions for the model; may be empty"),
        Question("prefill", "prefill", now.prefill, "first words of every answer"),
        Question(
            "template", "chat template", template, "no: the text is just continued", readers.yes, YES_NO
        ),
        Question(
            "template_args",
            "template arguments",
            pairs,
            "K=V pairs, such as enable_thinking=false",
            readers.pairs,
        ),
    ]


def _chance(now: Sampling) -> list[Question]:
    seed, penalty = NEW if now.seed is None else str(now.seed), f"{now.repetition_penalty:g}"
    return [
        Question(
            "temperature",
            "temperature",
            f"{now.temperature:g}",
            "0 takes the likeliest token",
            readers.not_negative,
        ),
        Question(
            "top_p", "top-p", f"{now.top_p:g}", "the likeliest that make up this share; 1: all", readers.share
        ),
        Question("top_k", "top-k", str(now.top_k), "so many of the likeliest; 0: all", readers.count),
        Question(
            "repetition_penalty",
            "repetition penalty",
            penalty,
            "above 1 makes repeated tokens less likely",
            readers.positive,
        ),
        Question(
            "seed",
            "seed",
            seed,
            f"a number, or {NEW}: another one at every answer",
            readers.unless(NEW, readers.count),
        ),
    ]


def _ends(now: Sampling) -> list[Question]:
    longest, stops = str(now.max_new_tokens), shlex.join(now.stop)
    return [
        Question("max_new_tokens", "max new tokens", longest, "the longest answer", readers.at_least_one),
        Question(
            "stop", "stop texts", stops, "end where one appears; quote those with spaces", readers.words
        ),
        Question(
            "cache",
            "cache",
            now.cache,
            "after a mixer change: keep the cache, or rebuild it with the new mixer",
            readers.one_of("keep", "rebuild"),
            ("keep", "rebuild"),
        ),
        Question(
            "remember",
            "remember",
            "no",
            "yes: save these as the defaults on this machine",
            readers.yes,
            YES_NO,
        ),
    ]


def _plain(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
