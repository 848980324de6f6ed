"""All experiments by name: a new one is one line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, TypeAlias

from core.jobs.job import Job, Steps
from sessions.experiments.common.sampler import ModelSampler
from sessions.experiments.experiment import run_experiment

Experiment: TypeAlias = Callable[[ModelSampler, Mapping[str, Any]], Steps[dict[str, Any]]]
EXPERIMENTS: Mapping[str, str] = {
    "sweep": "sessions.experiments.sweep.sweep",
    "distraction": "sessions.experiments.distraction.distraction",
    "honeypot": "sessions.experiments.honeypot.honeypot",
    "hot-swap": "sessions.experiments.hot_swap.hot_swap",
    "lobotomy": "sessions.experiments.lobotomy.lobotomy",
    "compare": "sessions.experiments.compare.compare",
    "transfer": "sessions.experiments.transfer",
    "induce": "sessions.experiments.induce",
    "axis-drift": "sessions.experiments.axis_drift.axis_drift",
    "phases": "sessions.experiments.phases.phases",
}
"""Name → module with the generator `experiment(sampler, params)`. The name is also the offer's kind."""


def experiment(name: str) -> Experiment:
    found: Experiment = import_module(EXPERIMENTS[name]).experiment
    return found


def experiment_job(name: str, sampler: ModelSampler, params: Mapping[str, Any]) -> Job:
    """The experiment as a job: parameters parsed by its offer, cost first, summary at the end."""
    from sessions.job_specs.catalogue import OFFERS

    offer = OFFERS[name]
    known = offer.read(params)
    return run_experiment(offer, experiment(name)(sampler, known), sampler, known)
