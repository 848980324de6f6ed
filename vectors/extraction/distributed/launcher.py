"""Extraction in several processes of this host: starts them under torchrun and follows their progress.

Each rank keeps what it has read until the vector is written, so the same command with as many ranks
continues from it.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

from core.errors import SteerError, UsageError
from core.files import write_atomic
from core.jobs.job import Job, Progress, Row, worker_task
from core.json_values import JsonValue
from core.python_child import python_command, python_environment
from vectors.contrasts.catalogue import contrast
from vectors.contrasts.lint.lint import lint_set
from vectors.data.report_values import number_at
from vectors.extraction.job import name_result, remove_states, state_folder, write_result
from vectors.extraction.layer_quality import UNMEASURED
from vectors.extraction.result import Extraction
from vectors.extraction.validate import Params, required_option, validate_request
from vectors.library.reading import read
from vectors.statistics.json_numbers import json_safe
from vectors.texts.pair import ContrastSet
from vectors.texts.position_spec import RESPONSE
from vectors.vector import SteeringVector

LAUNCHER = ("torch.distributed.run", "--standalone", "--nproc_per_node")
WORKER = "vectors.extraction.distributed.worker"
SAID = ("model", "loading", "contrast", "layers", "read", "batch_tokens", "template_arg")
PATIENCE_S = 10


def distributed_job(params: Params) -> Job:
    validate_request(params)
    _refuse_unmergeable(params)
    found = contrast(required_option(params, "contrast")).validated()
    read_at = params.get("read") or found.read
    if read_at == RESPONSE and not found.has_replies:
        raise UsageError(
            f"--ranks cannot generate replies: {RESPONSE} needs one process, or a set with replies"
        )
    store = state_folder(params, found)
    spec, merged = store / "spec.json", store / "merged.safetensors"
    store.mkdir(parents=True, exist_ok=True)
    asked = {key: params[key] for key in SAID if params.get(key) is not None} | {"read": read_at}
    write_atomic(spec, json.dumps({**asked, "processes": params["ranks"], "out": str(merged)}).encode())
    with _start_ranks(spec, int(params["ranks"]), store / "ranks.log") as process:
        yield from _follow_progress(process, 2 * len(found.pairs), store / "ranks.log")
    vector = read(merged)
    metrics = {layer: _layer_facts(vector, layer) for layer in vector.layers}
    for layer, facts in metrics.items():
        yield Row("layers", str(layer), facts)
    about = replace(
        vector.about,
        metrics=json_safe(
            {"layers": {str(layer): facts for layer, facts in metrics.items()}, "holdout": 0.0}
        ),
    )
    notes = (finding.message for finding in lint_set(found, read_at, 0.0))
    warnings = (*notes, *found.warnings, _unmeasured_note(params))
    result = Extraction(vector.with_about(about), metrics, None, _count_different(found), warnings)
    summary = yield from write_result(name_result(result, params), params)
    remove_states(store)
    return summary


def _refuse_unmergeable(params: Params) -> None:
    """Raise for options that need all states in one process; only means can be merged."""
    if params.get("tuned"):
        raise UsageError("--ranks reads one model: leave out --tuned")
    if params.get("estimate"):
        raise UsageError("--estimate is for one process: leave out --ranks")
    if (method := params.get("method") or "mean") != "mean":
        raise UsageError(f"--ranks merges means: the method {method} needs all states in one process")


@contextmanager
def _start_ranks(spec: Path, count: int, log: Path) -> Iterator[subprocess.Popen[str]]:
    """Run the ranks in a process group of their own, which ends with the job."""
    words = python_command(*LAUNCHER, str(count), "-m", WORKER, str(spec))
    with log.open("w", encoding="utf-8") as errors:
        process = subprocess.Popen(
            words,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            start_new_session=True,
            env=python_environment(),
        )
    try:
        yield process
    finally:
        # SIGKILL follows in any case: ranks of the group may outlive the launcher.
        for sign in (signal.SIGTERM, signal.SIGKILL):
            with suppress(ProcessLookupError, subprocess.TimeoutExpired):
                os.killpg(process.pid, sign)
                process.wait(PATIENCE_S)
        process.wait()


def _follow_progress(process: subprocess.Popen[str], total: int, log: Path) -> Job:
    """Report the progress of all ranks; the first error of a rank is raised."""
    assert process.stdout is not None
    done: dict[int, int] = {}
    # On a worker thread, so that a cancelled job does not hang in `readline`.
    while line := (yield worker_task(partial(process.stdout.readline))):
        facts = _parse_line(line)
        if "error" in facts:
            refusal = SteerError(str(facts["error"]))
            # The rank's own exit code: the command ends as with one process.
            refusal.exit_code = int(number_at(facts, "exit_code"))
            raise refusal
        if "done" in facts:
            done[int(number_at(facts, "rank"))] = int(number_at(facts, "done"))
            if count := sum(done.values()):
                yield Progress(count, total, "texts read")
    if (code := (yield worker_task(process.wait))) != 0:
        raise SteerError(
            f"a reading process failed ({code}), see {log}. The same command continues from the saved states"
        )
    return None


def _parse_line(line: str) -> dict[str, JsonValue]:
    """The JSON object on a line; anything else that a library prints there is ignored."""
    try:
        found = json.loads(line)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _layer_facts(vector: SteeringVector, layer: int) -> dict[str, JsonValue]:
    norm = vector.norms[layer]
    return UNMEASURED | {"norm": norm, "relative_norm": norm / vector.act_norms[layer]}


def _unmeasured_note(params: Params) -> str:
    return (
        f"read by {params['ranks']} processes, without a hold-out and without a dose:"
        f" steertui check {params['out']} --contrast {params['contrast']} measures both"
    )


def _count_different(found: ContrastSet) -> int:
    return len({pair.key for pair in found.pairs})
