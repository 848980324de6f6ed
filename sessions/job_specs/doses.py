"""Experiments that vary the strength of a vector."""

from __future__ import annotations

from sessions.job_specs.asking import (
    CONTRAST,
    CONTROLS,
    COUNT,
    LAYERS,
    MEASURE,
    PROMPTS,
    PUSH,
    SPEAKING,
    VECTOR,
)
from sessions.job_specs.dialogue import BUDGET, CLAUDE, DEADLINE, OPPOSITE, TRAIT
from sessions.job_specs.offer import JobParam, JobSpec

JUDGED = (TRAIT, OPPOSITE, CLAUDE, BUDGET, DEADLINE)
"""Parameters of a judge, used when the measure is a judge."""

SWEEP = JobSpec(
    "sweep",
    "Sweep a vector to collapse",
    "dose–response on both signs: usable window, sweet spot, random control; layer by layer, or both",
    ("run", "sweep"),
    (
        VECTOR,
        JobParam("by", "choice", "what is varied", "scale", ("scale", "floor", "ceiling", "layer", "grid")),
        JobParam("scales", "numbers", "such as -2,0,2 (default: around the card's; caps in class gaps)"),
        MEASURE,
        CONTRAST,
        PROMPTS,
        COUNT,
        *PUSH,
        CONTROLS,
        JobParam(
            "coherence", "text", "measure or judge of coherence (default: share of texts without collapse)"
        ),
        JobParam("at_least", "number", "minimum coherence of a sweet spot", 0.8),
        JobParam(
            "goal", "choice", "whether a sweet spot has more or less of the measure", "more", ("more", "less")
        ),
        *JUDGED,
        *SPEAKING,
    ),
)

COMPARE = JobSpec(
    "compare",
    "Compare two vectors",
    "the same prompts under two vectors at three doses, side by side; the report holds the texts",
    ("run", "compare"),
    (
        VECTOR,
        JobParam("other", "vector", "the vector to compare it with"),
        JobParam("scales", "numbers", "the doses (default: −1, ½ and 1 times the card's suggestion)"),
        JobParam("criterion", "text", 'Claude says of each pair of answers which one does this: "is kinder"'),
        MEASURE,
        PROMPTS,
        COUNT,
        *PUSH,
        *JUDGED,
        *SPEAKING,
    ),
)

AXIS_DRIFT = JobSpec(
    "axis-drift",
    "Watch a persona drift",
    "projection per turn over long conversations, uncapped and capped",
    ("run", "axis-drift"),
    (
        VECTOR,
        JobParam("floor", "text", "the cap: no projection below this number or percentile", "p25"),
        LAYERS,
        JobParam("conversations", "pack", "JSONL with `messages`; the user's turns are played (built in)"),
        JobParam("turns", "count", "turns of each conversation", 6),
        JobParam(
            "pull", "text", "text of the third turn of the built-in ones (default: that it is somebody else)"
        ),
        JobParam("n", "count", "number of conversations", 12),
        JobParam("measure", "text", "an additional measure of every answer"),
        *SPEAKING,
    ),
)
