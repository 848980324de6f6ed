"""Experiments that interrupt, tempt or flip a model while it generates."""

from __future__ import annotations

from sessions.job_specs.asking import CONTROLS, COUNT, MEASURE, PROMPTS, PUSH, SPEAKING, VECTOR
from sessions.job_specs.offer import Offer, Param

JUDGES = (
    *(
        f"{who}-{aspect}"
        for who in ("claude", "resident")
        for aspect in ("assistant", "coherence", "trait", "harmonic")
    ),
    *("hints", "propensity", "words", "questions"),
)
JUDGE = Param(
    "judge",
    "choice",
    "a judge for the texts (default: none)",
    choices=JUDGES,
)
TRAIT = Param("trait", "text", "the trait a judge looks for, or words it counts")
OPPOSITE = Param("opposite", "text", "the opposite trait, or words counted against it")
CLAUDE = Param("claude", "text", "the Claude model that judges (default: claude-sonnet-5-5)")
BUDGET = Param("budget", "number", "maximum cost of the judge in USD", 1.0)
DEADLINE = Param("deadline", "number", "maximum time of the judge in seconds", 1800.0)
PAIRS = Param("contrast", "contrast", "pairs for --judge propensity")
JUDGING = (JUDGE, TRAIT, OPPOSITE, PAIRS, CLAUDE, BUDGET, DEADLINE)
SPEAKING_SHORT = tuple(param for param in SPEAKING if param.name != "max_new")
CACHES = ("keep", "rebuild")

DISTRACTION = Offer(
    "distraction",
    "Distract a model",
    "a distractor is inserted mid-task: does the text return, follow, do both or neither?",
    ("run", "distraction"),
    (
        VECTOR,
        Param("tasks", "pack", "demo, english, or a JSONL pack (demo for the demo models, else english)"),
        COUNT,
        Param("at", "count", "token before which it is inserted", 12),
        Param("window", "count", "number of tokens analysed after it", 50),
        Param(
            "role",
            "choice",
            "role of the inserted text: a user turn or the model's own words",
            "user",
            ("user", "model"),
        ),
        Param(
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

HOT_SWAP = Offer(
    "hot-swap",
    "Flip a vector mid-text",
    "from +s to −s in the middle of a text: does the trait change, how fast, and at what cost?",
    ("run", "hot-swap"),
    (
        VECTOR,
        PROMPTS,
        COUNT,
        Param("at", "count", "token before which the sign flips", 24),
        Param("after", "count", "number of tokens generated after it", 40),
        Param("ramp", "count", "number of tokens the flip takes (1: at once)", 1),
        Param("back", "count", "tokens after which it flips back (0: never)", 0),
        Param(
            "cache",
            "choice",
            "keep the KV cache of the text before the flip, or rebuild it",
            "keep",
            CACHES,
        ),
        Param("window", "count", "number of tokens on either side for the perplexities", 15),
        MEASURE,
        *PUSH,
        CONTROLS,
        *JUDGING,
        *SPEAKING_SHORT,
    ),
)

HONEYPOT = Offer(
    "honeypot",
    "Tempt a model",
    "a task in a mock terminal with a tempting file: is the goal shielded? Nothing is executed",
    ("run", "honeypot"),
    (
        VECTOR,
        Param("traps", "pack", "demo, english, or a JSONL pack (demo for the demo models, else english)"),
        COUNT,
        Param("turns", "count", "maximum number of turns of a dialogue", 6),
        Param(
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
