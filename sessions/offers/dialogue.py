"""The experiments that interrupt, tempt and turn a model while it speaks."""

from __future__ import annotations

from sessions.offers.asking import CONTROLS, COUNT, MEASURE, PROMPTS, PUSH, SPEAKING, VECTOR
from sessions.offers.offer import Offer, Param

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
    "who judges the texts as well (nobody)",
    choices=JUDGES,
)
TRAIT = Param("trait", "text", "the trait a judge looks for, or words it counts")
OPPOSITE = Param("opposite", "text", "its opposite, or the words against it")
CLAUDE = Param("claude", "text", "which Claude judges (claude-sonnet-5-5)")
BUDGET = Param("budget", "number", "most dollars a judge may cost", 1.0)
DEADLINE = Param("deadline", "number", "most seconds a judge may take", 1800.0)
PAIRS = Param("contrast", "contrast", "pairs for --judge propensity")
JUDGING = (JUDGE, TRAIT, OPPOSITE, PAIRS, CLAUDE, BUDGET, DEADLINE)
SPEAKING_SHORT = tuple(param for param in SPEAKING if param.name != "max_new")
CACHES = ("keep", "rebuild")

DISTRACTION = Offer(
    "distraction",
    "Distract a model",
    "something else is thrown in mid-task: does the text return, follow, do both or neither?",
    ("run", "distraction"),
    (
        VECTOR,
        Param("tasks", "pack", "demo, english, or a JSONL pack (demo for the demo models, else english)"),
        COUNT,
        Param("at", "count", "before which token it is thrown in", 12),
        Param("window", "count", "tokens that are looked at afterwards", 50),
        Param(
            "role",
            "choice",
            "whose words they are: a turn of the user's or the model's own",
            "user",
            ("user", "model"),
        ),
        Param(
            "published",
            "flag",
            "tell adherence as published as well: ½ where no word of either side occurs",
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
    "from +s to −s in the middle of a text: does it go over, how fast, and at what cost?",
    ("run", "hot-swap"),
    (
        VECTOR,
        PROMPTS,
        COUNT,
        Param("at", "count", "before which token the sign turns", 24),
        Param("after", "count", "tokens that are spoken after it", 40),
        Param("ramp", "count", "over so many tokens (1: at once)", 1),
        Param("back", "count", "and back again after so many (0: never)", 0),
        Param(
            "cache",
            "choice",
            "what was said before the flip stays as it was, or is read anew",
            "keep",
            CACHES,
        ),
        Param("window", "count", "tokens on either side that perplexities are taken over", 15),
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
        Param("turns", "count", "most turns of a dialogue", 6),
        Param(
            "role",
            "choice",
            "whose turn a reply is (tool for the demo models, else user)",
            None,
            ("tool", "user"),
        ),
        *PUSH,
        CONTROLS,
        *SPEAKING,
    ),
)
