"""The job of many answers: prompts and doses in lanes of one batch."""

from __future__ import annotations

from sessions.job_specs.kinds.inputs import VECTOR_SOURCE
from sessions.job_specs.kinds.kind import TEXT
from sessions.job_specs.kinds.numbers import NUMBER, NUMBER_LIST, WHOLE_NUMBER
from sessions.job_specs.kinds.packs import PROMPT_FILE
from sessions.job_specs.kinds.words import FLAG
from sessions.job_specs.offer import JobParam, JobSpec
from sessions.job_specs.workshop import SEED

DOSES = JobParam("doses", NUMBER_LIST, "every scale times each of these, such as -2,-1,0,1,2")
BATCH = JobParam("batch", WHOLE_NUMBER, "answers at once, each in a lane of its own", 16)
PROMPT_TABLE = JobParam(
    "prompts", PROMPT_FILE, "JSON lines with prompt or messages, or any file that contrast reads"
)
ESTIMATE = JobParam("estimate", FLAG, "only estimate the time", False)

ANSWERS = JobSpec(
    "answers",
    "Answer many prompts",
    "a file of prompts, or one prompt at several doses, in lanes of one batch",
    ("say",),
    (
        JobParam("prompt", TEXT, "one prompt, instead of a file", positional=True),
        PROMPT_TABLE,
        DOSES,
        BATCH,
        JobParam("vector", VECTOR_SOURCE, "a vector file, or a name in the library"),
        JobParam("system", TEXT, "instructions for the model"),
        JobParam("max_new", WHOLE_NUMBER, "tokens per answer", 256),
        JobParam("temperature", NUMBER, "0 picks the most likely token", 0.0),
        SEED,
        ESTIMATE,
    ),
)
