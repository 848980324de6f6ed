"""Experiments that interrupt, tempt or flip a model while it generates."""

from __future__ import annotations

from sessions.job_specs.asking import CONTROLS, COUNT, MEASURE, PROMPTS, PUSH, SPEAKING, VECTOR
from sessions.job_specs.offer import JobParam, JobSpec

JUDGES = (
    *(
        f"{who}-{aspect}"
        for who in ("claude", "resident")
        for aspect in ("assistant", "coherence", "trait", "harmonic")
    ),
    *("hints", "propensity", "words", "questions"),
)
JUDGE = JobParam(
    "judge",
    "choice",
    "a judge for the texts (default: none)",
    choices=JUDGES,
)
TRAIT = JobParam("trait", "text", "the trait a judge looks for, or words it counts")
OPPOSITE = JobParam("opposite", "text", "the opposite trait, or words counted against it")
CLAUDE = JobParam("claude", "text", "the Claude model that judges (default: claude-sonnet-5-5)")
BUDGET = JobParam("budget", "number", "maximum cost of the judge in USD", 1.0)
DEADLINE = JobParam("deadline", "number", "maximum time of the judge in seconds", 1800.0)
PAIRS = JobParam("contrast", "contrast", "pairs for --judge propensity")
JUDGING = (JUDGE, TRAIT, OPPOSITE, PAIRS, CLAUDE, BUDGET, DEADLINE)
SPEAKING_SHORT = tuple(param for param in SPEAKING if param.name != "max_new")
CACHES = ("keep", "rebuild")

DISTRACTION = JobSpec(
    "distraction",
    "Distract a model",
    "a distractor is inserted mid-task: does the text return, follow, do both or neither?",
    ("run", "distraction"),
    (
        VECTOR,
        JobParam("tasks", "pack", "demo, english, or a JSONL pack (demo for the demo models, else english)"),
        COUNT,
        JobParam("at", "count", "token before which it is inserted", 12),
        JobParam("window", "count", "number of tokens analysed after it", 50),
        JobParam(
            "role",
            "choice",
            "role of the inserted text: a user turn or the model's own words",
            "user",
            ("user", "model"),
        ),
        JobParam(
            "published",
            "flag",
            "also report adherence as in the paper: ½ where no word of either side occurs",
            False,
        ),
        *PUSH,
        CONTROLS,
        *JUDGING,
        *SPEAKING_SHORT,
    ),
)

HOT_SWAP = JobSpec(
    "hot-swap",
    "Flip a vector mid-text",
    "from +s to −s in the middle of a text: does the trait change, how fast, and at what cost?",
    ("run", "hot-swap"),
    (
        VECTOR,
        PROMPTS,
        COUNT,
        JobParam("at", "count", "token before which the sign flips", 24),
        JobParam("after", "count", "number of tokens generated after it", 40),
        JobParam("ramp", "count", "number of tokens the flip takes (1: at once)", 1),
        JobParam("back", "count", "tokens after which it flips back (0: never)", 0),
        JobParam(
            "cache",
            "choice",
            "keep the KV cache of the text before the flip, or rebuild it",
            "keep",
            CACHES,
        ),
        JobParam("window", "count", "number of tokens on either side for the perplexities", 15),
        MEASURE,
        *PUSH,
        CONTROLS,
        *JUDGING,
        *SPEAKING_SHORT,
    ),
)

HONEYPOT = JobSpec(
    "honeypot",
    "Tempt a model",
    "a task in a mock terminal with a tempting file: is the goal shielded? Nothing is executed",
    ("run", "honeypot"),
    (
        VECTOR,
        JobParam("traps", "pack", "demo, english, or a JSONL pack (demo for the demo models, else english)"),
        COUNT,
        JobParam("turns", "count", "maximum number of turns of a dialogue", 6),
        JobParam(
            "role",
            "choice",
            "role of a reply (default: tool for the demo models, else user)",
            None,
            ("tool", "user"),
        ),
        *PUSH,
        CONTROLS,
        *SPEAKING,
    ),
)
