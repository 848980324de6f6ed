"""`steertui extract` on a real model, SmolLM2-135M in float32: what the whole command costs, cold, one thread.

Every repetition is a process of its own with a cache of its own, started as a user starts it. CPU seconds are those of
the process and its children; the moment at which the vector is on disk is told by the process itself, as its events.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from bench.arms import Check, Setting
from core.fetching.job import fetch_job
from core.jobs.job import run_steps
from core.loading.fetched_models import SMOLLM2
from core.python_child import python_command, python_environment

SET, TEXTS = "persona", 200
MOST_SECONDS, MOST_TO_VECTOR, MOST_PER_TEXT = 90.0, 40.0, 0.2
REPLIES = "empathy"
"""A set of longer texts, with replies, for the seconds per text."""
CLOCK_TICKS = os.sysconf("SC_CLK_TCK")


def bench(setting: Setting) -> dict[str, Any]:
    run_steps(fetch_job({"name": SMOLLM2.name}))
    laps = [_run_extraction(SET, setting) for _ in range(setting.repetitions)]
    replies = [_run_extraction(REPLIES, setting, "--no-dose") for _ in range(min(3, setting.repetitions))]
    whole, vector = [lap["whole"] for lap in laps], [lap["vector"] for lap in laps]
    texts = [lap["states"] / lap["texts"] for lap in (*laps, *replies)]
    return {
        "model": f"{SMOLLM2.name}, {SET}, {len(laps)} processes, {setting.device}",
        "times": [
            _time_row(f"extract {SET} with its dose", whole, MOST_SECONDS),
            _time_row(f"extract {SET} until the vector is on disk", vector, MOST_TO_VECTOR),
            _time_row(f"extract {REPLIES} --no-dose", [lap["whole"] for lap in replies], None),
        ],
        "goals": [],
        "laps": [*laps, *replies],
        "checks": [
            Check("seconds of cpu, median", median(whole), MOST_SECONDS).to_json(),
            Check(
                "seconds of cpu until the vector is on disk, median", median(vector), MOST_TO_VECTOR
            ).to_json(),
            Check("seconds of cpu to read a text, the most of all runs", max(texts), MOST_PER_TEXT).to_json(),
        ],
    }


def _time_row(name: str, seconds: list[float], at_most: float | None) -> dict[str, Any]:
    times = {"median": 1e6 * median(seconds), "low": 1e6 * min(seconds), "high": 1e6 * max(seconds)}
    return {"name": name, **times, "at_most": None if at_most is None else 1e6 * at_most}


def _run_extraction(name: str, setting: Setting, *more: str) -> dict[str, Any]:
    """CPU seconds of one process: in all, until the vector was on disk, and while states were read."""
    with TemporaryDirectory() as folder:
        out = Path(folder) / "vector.safetensors"
        words = [
            "extract",
            "--contrast",
            name,
            "--model",
            SMOLLM2.name,
            "--device",
            setting.device,
            "--out",
            str(out),
        ]
        # A cache of its own: neither states nor norms of an earlier run.
        environment = python_environment() | {"XDG_CACHE_HOME": folder, "OMP_NUM_THREADS": "1"}
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        with subprocess.Popen(
            python_command("steertui", *words, "--own", "--no-record", "--jsonl", *more),
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        ) as process:
            moments = _follow_events(process)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        if process.returncode != 0:
            raise RuntimeError(f"extract {name} ended with {process.returncode}")
        whole = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        lap = {"set": name, "whole": whole, **moments}
        # A run takes minutes: what is known of it is shown as it comes.
        print("  run:", json.dumps(lap), file=sys.stderr)
        return lap


def _follow_events(process: subprocess.Popen[str]) -> dict[str, Any]:
    """CPU seconds of the running process at its events; `states` from the first batch read to the last one."""
    assert process.stdout is not None
    vector, texts = 0.0, 0
    read: list[tuple[int, float]] = []
    for line in process.stdout:
        event = json.loads(line)
        if event["kind"] == "progress" and event["unit"] == "texts read":
            read.append((event["done"], _cpu_seconds(process.pid)))
        if event["kind"] == "artifact" and not vector:
            vector = _cpu_seconds(process.pid)
    (first, began), (last, ended) = read[0], read[-1]
    texts = last - first
    return {"vector": vector, "states": ended - began, "texts": texts}


def _cpu_seconds(pid: int) -> float:
    """User and system time of a process that is still running."""
    # The name in parentheses may contain spaces, so fields are counted from behind it.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / CLOCK_TICKS
