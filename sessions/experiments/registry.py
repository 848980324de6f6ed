"""All experiments by name: a new one is one line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from core.jobs.job import Job
from sessions.experiments.experiment import staged
from sessions.experiments.voice import Voice, Work

EXPERIMENTS: Mapping[str, str] = {
    "sweep": "sessions.experiments.sweep",
    "distraction": "sessions.experiments.distraction",
    "honeypot": "sessions.experiments.honeypot",
    "hot-swap": "sessions.experiments.hot_swap",
    "lobotomy": "sessions.experiments.lobotomy",
    "compare": "sessions.experiments.compare",
    "transfer": "sessions.experiments.transfer",
    "induce": "sessions.experiments.induce",
    "axis-drift": "sessions.experiments.axis_drift",
    "phases": "sessions.experiments.phases",
}
"""Name → the module whose `experiment(voice, params)` is its generator. The name is the offer's kind as well."""


def experiment(name: str) -> Callable[[Voice, Mapping[str, Any]], Work]:
    found: Callable[[Voice, Mapping[str, Any]], Work] = import_module(EXPERIMENTS[name]).experiment
    return found


def job(name: str, voice: Voice, params: Mapping[str, Any]) -> Job:
    """The experiment as a job: parameters read by its offer, rows collected, cost first, summary at the end."""
    from sessions.job_specs.catalogue import OFFERS

    offer = OFFERS[name]
    known = offer.read(params)
    return staged(offer, experiment(name)(voice, known), voice, known)
