"""The job that runs a whole study from a contrast set to a report."""

from __future__ import annotations

from sessions.job_specs.asking import COUNT, MEASURE, PROMPTS, SPEAKING
from sessions.job_specs.kinds.inputs import CONTRAST_SET, MODEL_SOURCE
from sessions.job_specs.kinds.kind import TEXT
from sessions.job_specs.kinds.numbers import WHOLE_NUMBER
from sessions.job_specs.kinds.outputs import FOLDER
from sessions.job_specs.offer import JobParam, JobSpec

PHASES = JobSpec(
    "phases",
    "Run a whole study",
    "dataset, extraction, validation, behaviour, weight diff, analysis: in one go, or each alone",
    ("run", "phases"),
    (
        JobParam(
            "contrast", CONTRAST_SET, "a built-in set or a file of pairs", required=True, positional=True
        ),
        JobParam("out", FOLDER, "folder for the results of every phase", required=True),
        JobParam("only", TEXT, "comma-separated phases (default: all)"),
        JobParam("pairs", WHOLE_NUMBER, "number of pairs of the set", 100),
        JobParam("tuned", MODEL_SOURCE, "the tuned model, for the weight diff"),
        JobParam("behaviour", TEXT, "the experiments of the behaviour phase", "sweep,distraction,hot-swap"),
        MEASURE,
        PROMPTS,
        COUNT,
        *(param for param in SPEAKING if param.name != "report"),
    ),
)
