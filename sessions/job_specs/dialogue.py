"""Experiments that interrupt, tempt or flip a model while it generates."""

from __future__ import annotations

from sessions.job_specs.asking import CONTROLS, COUNT, MEASURE, PROMPTS, PUSH, SPEAKING, VECTOR
from sessions.job_specs.kinds.inputs import CONTRAST_SET
from sessions.job_specs.kinds.kind import TEXT
from sessions.job_specs.kinds.numbers import NUMBER, WHOLE_NUMBER
from sessions.job_specs.kinds.packs import TASK_PACK, TRAP_PACK
from sessions.job_specs.kinds.words import FLAG, ChoiceKind
from sessions.job_specs.offer import JobParam, JobSpec
from sessions.job_specs.workshop import EMBEDDINGS

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
    ChoiceKind(*JUDGES),
    "a judge for the texts (default: none)",
)
TRAIT = JobParam("trait", TEXT, "the trait a judge looks for, or words it counts")
OPPOSITE = JobParam("opposite", TEXT, "the opposite trait, or words counted against it")
CLAUDE = JobParam("claude", TEXT, "the Claude model that judges (default: claude-sonnet-5-5)")
BUDGET = JobParam("budget", NUMBER, "maximum cost of the judge in USD", 1.0)
DEADLINE = JobParam("deadline", NUMBER, "maximum time of the judge in seconds", 1800.0)
PAIRS = JobParam("contrast", CONTRAST_SET, "pairs for --judge propensity")
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
        JobParam(
            "tasks", TASK_PACK, "demo, english, or a JSONL pack (demo for the demo models, else english)"
        ),
        COUNT,
        JobParam("at", WHOLE_NUMBER, "token before which it is inserted", 12),
        JobParam("window", WHOLE_NUMBER, "number of tokens analysed after it", 50),
        JobParam(
            "role",
            ChoiceKind("user", "model"),
            "role of the inserted text: a user turn or the model's own words",
            "user",
        ),
        JobParam(
            "published",
            FLAG,
            "also report adherence as in the paper: ½ where no word of either side occurs",
            False,
        ),
        EMBEDDINGS,
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
        JobParam("at", WHOLE_NUMBER, "token before which the sign flips", 24),
        JobParam("after", WHOLE_NUMBER, "number of tokens generated after it", 40),
        JobParam("ramp", WHOLE_NUMBER, "number of tokens the flip takes (1: at once)", 1),
        JobParam("back", WHOLE_NUMBER, "tokens after which it flips back (0: never)", 0),
        JobParam(
            "cache",
            ChoiceKind(*CACHES),
            "keep the KV cache of the text before the flip, or rebuild it",
            "keep",
        ),
        JobParam("window", WHOLE_NUMBER, "number of tokens on either side for the perplexities", 15),
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
        JobParam(
            "traps", TRAP_PACK, "demo, english, or a JSONL pack (demo for the demo models, else english)"
        ),
        COUNT,
        JobParam("turns", WHOLE_NUMBER, "maximum number of turns of a dialogue", 6),
        JobParam(
            "role",
            ChoiceKind("tool", "user"),
            "role of a reply (default: tool for the demo models, else user)",
        ),
        *PUSH,
        CONTROLS,
        *SPEAKING,
    ),
)
