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
from sessions.job_specs.kinds.inputs import VECTOR_SOURCE
from sessions.job_specs.kinds.kind import TEXT
from sessions.job_specs.kinds.numbers import NUMBER, NUMBER_LIST, WHOLE_NUMBER
from sessions.job_specs.kinds.packs import CONVERSATION_PACK
from sessions.job_specs.kinds.words import ChoiceKind
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
        JobParam("by", ChoiceKind("scale", "floor", "ceiling", "layer", "grid"), "what is varied", "scale"),
        JobParam("scales", NUMBER_LIST, "such as -2,0,2 (default: around the card's; caps in class gaps)"),
        MEASURE,
        CONTRAST,
        PROMPTS,
        COUNT,
        *PUSH,
        CONTROLS,
        JobParam(
            "coherence", TEXT, "measure or judge of coherence (default: share of texts without collapse)"
        ),
        JobParam("at_least", NUMBER, "minimum coherence of a sweet spot", 0.8),
        JobParam(
            "goal", ChoiceKind("more", "less"), "whether a sweet spot has more or less of the measure", "more"
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
        JobParam("other", VECTOR_SOURCE, "the vector to compare it with"),
        JobParam("scales", NUMBER_LIST, "the doses (default: −1, ½ and 1 times the card's suggestion)"),
        JobParam("criterion", TEXT, 'Claude says of each pair of answers which one does this: "is kinder"'),
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
        JobParam("floor", TEXT, "the cap: no projection below this number or percentile", "p25"),
        LAYERS,
        JobParam(
            "conversations",
            CONVERSATION_PACK,
            "JSONL with `messages`; the user's turns are played (built in)",
        ),
        JobParam("turns", WHOLE_NUMBER, "turns of each conversation", 6),
        JobParam(
            "pull", TEXT, "text of the third turn of the built-in ones (default: that it is somebody else)"
        ),
        JobParam("n", WHOLE_NUMBER, "number of conversations", 12),
        JobParam("measure", TEXT, "an additional measure of every answer"),
        *SPEAKING,
    ),
)
