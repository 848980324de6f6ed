"""F7: the form for the settings of the next answers."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

from steertui.screens.desk.dialogs import readers
from steertui.screens.desk.dialogs.form import DeskForm, FormQuestion
from steertui.screens.desk.dialogs.sampling import NEW, SamplingSettings

YES_NO = ("yes", "no")


def sampling_form(now: SamplingSettings) -> DeskForm:
    questions = [*_text_questions(now), *_sampling_questions(now), *_limit_questions(now)]
    return DeskForm("the next answers", questions)


def settings_from_form(values: Mapping[str, Any]) -> tuple[SamplingSettings, bool]:
    """The settings that the form describes, and whether to save them as defaults."""
    named = {name: value for name, value in values.items() if name not in ("remember", "template")}
    return SamplingSettings(**named, raw=not values["template"]), bool(values["remember"])


def _text_questions(now: SamplingSettings) -> list[FormQuestion]:
    pairs = shlex.join(f"{key}={_plain_value(value)}" for key, value in now.template_args.items())
    template = "no" if now.raw else "yes"
    return [
        FormQuestion("system", "system prompt", now.system, "instructions for the model; may be empty"),
        FormQuestion("prefill", "prefill", now.prefill, "first words of every answer"),
        FormQuestion(
            "template",
            "chat template",
            template,
            "no: the text is just continued",
            readers.read_yes_no,
            YES_NO,
        ),
        FormQuestion(
            "template_args",
            "template arguments",
            pairs,
            "K=V pairs, such as enable_thinking=false",
            readers.read_pairs,
        ),
    ]


def _sampling_questions(now: SamplingSettings) -> list[FormQuestion]:
    seed, penalty = NEW if now.seed is None else str(now.seed), f"{now.repetition_penalty:g}"
    return [
        FormQuestion(
            "temperature",
            "temperature",
            f"{now.temperature:g}",
            "0 takes the likeliest token",
            readers.read_not_negative,
        ),
        FormQuestion(
            "top_p",
            "top-p",
            f"{now.top_p:g}",
            "the likeliest that make up this share; 1: all",
            readers.read_share,
        ),
        FormQuestion(
            "top_k", "top-k", str(now.top_k), "so many of the likeliest; 0: all", readers.read_count
        ),
        FormQuestion(
            "repetition_penalty",
            "repetition penalty",
            penalty,
            "above 1 makes repeated tokens less likely",
            readers.read_positive,
        ),
        FormQuestion(
            "seed",
            "seed",
            seed,
            f"a number, or {NEW}: another one at every answer",
            readers.optional_reader(NEW, readers.read_count),
        ),
    ]


def _limit_questions(now: SamplingSettings) -> list[FormQuestion]:
    longest, stops = str(now.max_new_tokens), shlex.join(now.stop)
    return [
        FormQuestion(
            "max_new_tokens", "max new tokens", longest, "the longest answer", readers.read_positive_count
        ),
        FormQuestion(
            "stop", "stop texts", stops, "end where one appears; quote those with spaces", readers.read_words
        ),
        FormQuestion(
            "cache",
            "cache",
            now.cache,
            "after a mixer change: keep the cache, or rebuild it with the new mixer",
            readers.choice_reader("keep", "rebuild"),
            ("keep", "rebuild"),
        ),
        FormQuestion(
            "remember",
            "remember",
            "no",
            "yes: save these as the defaults on this machine",
            readers.read_yes_no,
            YES_NO,
        ),
    ]


def _plain_value(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
