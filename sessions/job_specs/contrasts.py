"""Jobs that create contrast sets."""

from __future__ import annotations

from sessions.job_specs.offer import JobParam, JobSpec

FORMS = ("stories", "replies", "answers", "requests")
OUT = JobParam("out", "file", "the new file of pairs (.jsonl)", required=True, holds="contrast set")

CONTRAST_MAKE = JobSpec(
    "contrast-make",
    "Write a contrast set",
    "Claude writes pairs that differ in one trait: balanced over domains, checked, without near-duplicates",
    ("contrast", "make"),
    (
        JobParam(
            "set",
            "contrast",
            "a set, a file to continue, or a new name",
            required=True,
            positional=True,
            new=True,
        ),
        OUT,
        JobParam("pairs", "count", "how many", 100),
        JobParam(
            "positive",
            "text",
            "description of the positive side of a new set; with --with-model a system prompt",
        ),
        JobParam("negative", "text", "description of the negative side"),
        JobParam("about", "text", "a description of the set"),
        JobParam("form", "choice", "what a pair consists of (default: the set's)", choices=FORMS),
        JobParam(
            "domains", "text", "topics of the texts, as A,B,… (default: the set's, else five built-in ones)"
        ),
        JobParam("claude", "text", "the Claude model that writes (default: claude-sonnet-5-5)"),
        JobParam("budget", "number", "maximum cost in USD (default: 1.5 × the estimate)"),
        JobParam("deadline", "number", "maximum time in seconds", 1800.0),
        JobParam("estimate", "flag", "only estimate the cost", False),
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
            "set", "contrast", "a built-in set or a file of conversations", required=True, positional=True
        ),
        OUT,
        JobParam("positive", "text", "the system prompt of the positive side"),
        JobParam("negative", "text", "the system prompt of the negative side"),
        JobParam("max_new", "count", "longest reply in tokens", 50),
        JobParam("max_words", "count", "leave out pairs with a longer answer (honesty: 7)"),
    ),
)
