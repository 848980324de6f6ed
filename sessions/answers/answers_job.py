"""The job of many answers: prompts of a file, or one prompt at several doses, in lanes of one batch.

Every finished answer is recorded under its key, so a stopped job goes on with those that are missing. What lanes
cannot take is answered one by one, and the summary says why.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from core.errors import UsageError
from core.files import expand_home
from core.generation.batch.answer_runner import LANES, AnswerRunner
from core.generation.batch.lane_answer import LaneAnswer, LaneRequest
from core.jobs.job import Job, Steps, Task, gpu_task, worker_task
from core.mixer.mixer import Mixer
from core.model.model import Model
from sessions.answers.answer_mixer import requested_mixer
from sessions.answers.answer_reports import AnswerReports
from sessions.answers.asked_answer import AskedAnswer, ask_all
from sessions.prompt_shapes import read_prompt_shapes
from sessions.promptfile import PromptRecord
from sessions.state.answer_settings import DEFAULTS, IN_LANES, check_settings

ESTIMATED_STEPS = 4


def answers_job(model: Model, params: Mapping[str, Any]) -> Job:
    """Answers to `prompt` or the file `prompts`, at `doses`, `batch` at once; see `sessions.job_specs.answers`."""
    settings = _settings(params)
    doses = tuple(float(dose) for dose in params.get("doses") or (1.0,))
    mixer = requested_mixer(model, params)
    if params.get("doses") and not any(channel.scale for channel in mixer.channels):
        raise UsageError("doses multiply the scales of a mixer, and nothing here has a scale: name a vector")
    records = _records(params)
    n_lanes = int(params.get("batch") or LANES)
    return _answer_all(model, records, doses, mixer, settings, n_lanes, estimate=bool(params.get("estimate")))


def _settings(params: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of the answers, from the command line's `settings` or from the form's own parameters."""
    given = {name: params[name] for name in ("system", "temperature", "seed") if params.get(name) is not None}
    if params.get("max_new"):
        given["max_new_tokens"] = params["max_new"]
    settings = {**given, **(params.get("settings") or {})}
    check_settings(settings)
    # The command line gives every option, so a default is no wish.
    settings = {name: value for name, value in settings.items() if value != DEFAULTS[name]}
    if strange := sorted(settings.keys() - set(IN_LANES)):
        raise UsageError(
            f"answers in lanes have no {strange[0]}: it changes one answer while it is generated"
        )
    return settings


def _records(params: Mapping[str, Any]) -> list[PromptRecord]:
    if (params.get("prompt") is None) == (params.get("prompts") is None):
        raise UsageError("say one prompt, or name a file of prompts")
    if params.get("prompts") is not None:
        return read_prompt_shapes(expand_home(str(Path(params["prompts"]))))
    return [PromptRecord(str(params["prompt"]), {})]


def _answer_all(
    model: Model,
    records: Sequence[PromptRecord],
    doses: Sequence[float],
    mixer: Mixer,
    settings: Mapping[str, Any],
    n_lanes: int,
    *,
    estimate: bool,
) -> Job:
    asked = yield worker_task(partial(ask_all, model, records, doses, mixer, settings))
    summary = {"n": len(asked), "prompts": len(records), "doses": list(doses)}
    if estimate:
        return summary | (yield from _estimate(model, asked, n_lanes))
    reports = AnswerReports(asked)
    for each in asked:
        if each.refusal is not None:
            yield from reports.add(each, _refused(each), 0)
    missing = yield from _report_finished(model, asked, reports)
    return summary | (yield from _generate(model, asked, missing, n_lanes, reports)) | reports.counts


def _generate(
    model: Model,
    asked: Sequence[AskedAnswer],
    missing: Mapping[int, LaneRequest],
    n_lanes: int,
    reports: AnswerReports,
) -> Steps[dict[str, Any]]:
    """Generate the missing answers and report each as it ends; returns how they were generated."""
    runner = yield gpu_task(partial(AnswerRunner, model, missing, n_lanes))
    while not runner.done:
        for answer in (yield gpu_task(runner.step)):
            one = asked[answer.number]
            kept = yield gpu_task(partial(asdict, answer), _key(model, one))
            yield from reports.add(one, kept, runner.lanes_of(one.number))
    return {"lanes": runner.n_lanes, "one_by_one": len(runner.alone), "reason": runner.reason}


def _report_finished(
    model: Model, asked: Sequence[AskedAnswer], reports: AnswerReports
) -> Steps[dict[int, LaneRequest]]:
    """Report the answers that an earlier run of this job has finished; returns the requests of the others."""
    missing = {}
    for each in (each for each in asked if each.refusal is None):
        kept = yield Task(lambda: None, "gpu", _key(model, each), is_recorded=False)
        if kept is None:
            missing[each.number] = each.request
        else:
            yield from reports.add(each, kept, 0)
    return missing


def _refused(one: AskedAnswer) -> dict[str, Any]:
    return asdict(LaneAnswer(one.number, (), (), (), (), "error", 0.0, str(one.refusal)))


def _key(model: Model, one: AskedAnswer) -> str:
    return f"answer {one.number} {model.fingerprint[:16]}"


def _estimate(model: Model, asked: Sequence[AskedAnswer], n_lanes: int) -> Steps[dict[str, Any]]:
    """Seconds at most, from a few passes of the first batch: encoding it, then every answer at its longest."""
    sound = [each for each in asked if each.refusal is None]
    some = {each.number: each.request for each in sound[:n_lanes]}
    longest = max((each.request.max_new_tokens for each in sound), default=0)
    runner = yield gpu_task(partial(AnswerRunner, model, some, n_lanes))
    begun = time.perf_counter()
    while not (runner.done or runner.has_tokens):
        yield gpu_task(runner.step)
    encoded, begun = time.perf_counter() - begun, time.perf_counter()
    for _ in range(ESTIMATED_STEPS):
        if not runner.done:
            yield gpu_task(runner.step)
    step = (time.perf_counter() - begun) / ESTIMATED_STEPS
    # One step makes a token of every lane, or of the one answer that is generated alone.
    rounds = len(sound) / max(1, runner.n_lanes or 1)
    # Two digits: a tiny model answers within a tenth of a second.
    seconds = float(f"{rounds * (encoded + step * longest):.2g}")
    return {"estimate": {"answers": len(sound), "tokens": len(sound) * longest, "seconds": seconds}}
