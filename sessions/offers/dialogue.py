"""The experiments that interrupt, tempt and turn a model while it speaks."""

from __future__ import annotations

from sessions.offers.asking import COUNT, PUSH, SPEAKING, VECTOR
from sessions.offers.offer import Offer, Param

JUDGE = Param(
    "judge",
    "text",
    "who judges the texts as well: claude-coherence, claude-trait, resident-trait, hints, … (nobody)",
)
TRAIT = Param("trait", "text", "the trait a judge looks for, or words it counts")
OPPOSITE = Param("opposite", "text", "its opposite, or the words against it")
CLAUDE = Param("claude", "text", "which Claude judges (claude-sonnet-5-5)")
BUDGET = Param("budget", "number", "most dollars a judge may cost", 1.0)
DEADLINE = Param("deadline", "number", "most seconds a judge may take", 1800.0)
PAIRS = Param("contrast", "contrast", "pairs for --judge propensity")
JUDGING = (JUDGE, TRAIT, OPPOSITE, PAIRS, CLAUDE, BUDGET, DEADLINE)

DISTRACTION = Offer(
    "distraction",
    "Distract a model",
    "something else is thrown in mid-task: does the text return, follow, do both or neither?",
    ("run", "distraction"),
    (
        VECTOR,
        Param("tasks", "text", "demo, english, or a JSONL pack (demo for the demo models, else english)"),
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
        *PUSH,
        *JUDGING,
        *(param for param in SPEAKING if param.name != "max_new"),
    ),
)
