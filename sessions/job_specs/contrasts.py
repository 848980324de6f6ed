"""Jobs that create contrast sets."""

from __future__ import annotations

from sessions.job_specs.kinds.inputs import CONTRAST_SET, NEW_CONTRAST_SET
from sessions.job_specs.kinds.kind import TEXT
from sessions.job_specs.kinds.numbers import NUMBER, WHOLE_NUMBER
from sessions.job_specs.kinds.outputs import SET_FILE
from sessions.job_specs.kinds.words import FLAG, ChoiceKind
from sessions.job_specs.offer import JobParam, JobSpec

FORMS = ("stories", "replies", "answers", "requests")
OUT = JobParam("out", SET_FILE, "the new file of pairs (.jsonl)", required=True)

CONTRAST_MAKE = JobSpec(
    "contrast-make",
    "Write a contrast set",
    "Claude writes pairs that differ in one trait: balanced over domains, checked, without near-duplicates",
    ("contrast", "make"),
    (
        JobParam(
            "set",
            NEW_CONTRAST_SET,
            "a set, a file to continue, or a new name",
            required=True,
            positional=True,
        ),
        OUT,
        JobParam("pairs", WHOLE_NUMBER, "how many", 100),
        JobParam(
            "positive",
            TEXT,
            "description of the positive side of a new set; with --with-model a system prompt",
        ),
        JobParam("negative", TEXT, "description of the negative side"),
        JobParam("about", TEXT, "a description of the set"),
        JobParam("form", ChoiceKind(*FORMS), "what a pair consists of (default: the set's)"),
        JobParam(
            "domains", TEXT, "topics of the texts, as A,B,… (default: the set's, else five built-in ones)"
        ),
        JobParam("claude", TEXT, "the Claude model that writes (default: claude-sonnet-5-5)"),
        JobParam("budget", NUMBER, "maximum cost in USD (default: 1.5 × the estimate)"),
        JobParam("deadline", NUMBER, "maximum time in seconds", 1800.0),
        JobParam("estimate", FLAG, "only estimate the cost", False),
    ),
    model=False,
)

CONTRAST_ANSWER = JobSpec(
    "contrast-answer",
    "Have a contrast set answered",
    "the model itself answers both sides of a set; its replies become a new set",
    ("contrast", "make", "--with-model"),
    (
        JobParam(
            "set", CONTRAST_SET, "a built-in set or a file of conversations", required=True, positional=True
        ),
        OUT,
        JobParam("positive", TEXT, "the system prompt of the positive side"),
        JobParam("negative", TEXT, "the system prompt of the negative side"),
        JobParam("max_new", WHOLE_NUMBER, "longest reply in tokens", 50),
        JobParam("max_words", WHOLE_NUMBER, "leave out pairs with a longer answer (honesty: 7)"),
    ),
)
