"""The weight-diff job from named parameters, as a command line or an engine sends them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from core import load
from core.errors import UsageError
from core.files import expand_home
from core.jobs.job import Artifact, Job, worker_task
from vectors.contrasts.catalogue import contrast
from vectors.diff.checkpoint import open_checkpoint
from vectors.diff.direction import top_direction
from vectors.diff.functional import measure_on_texts
from vectors.diff.matrix import SpectrumOptions
from vectors.diff.picture import draw_diff
from vectors.diff.weights import match_matrices, weight_diff
from vectors.files import writing
from vectors.files.opening import open_vector_file
from vectors.library.reading import read
from vectors.plots.paper import ensure_drawable
from vectors.texts.tokenized import tokenize_text

Params = Mapping[str, Any]


def diff_job(params: Params) -> Job:
    """`base`, `tuned`; `vector` to align with; `inputs` a set of texts; `out` and `module` make a vector."""
    if bool(params.get("out")) != bool(params.get("module")):
        raise UsageError("a vector from weights needs both --out FILE and --module NAME, such as o_proj")
    # Bad output paths are refused before gigabytes of weights are read.
    if params.get("out"):
        writing.ensure_vector_writable(params["out"])
    if params.get("plot"):
        ensure_drawable(params["plot"])
    base, tuned = open_checkpoint(params["base"]), open_checkpoint(params["tuned"])
    vector = read(params["vector"]) if params.get("vector") else None
    depth = SpectrumOptions(
        int(params.get("top", 5)), bool(params.get("exact")), int(params.get("seed") or 0)
    )
    modules = params.get("modules") or "*"
    report = {**((yield from weight_diff(base, tuned, vector, depth, modules)) or {})}
    if params.get("inputs"):
        if vector is None:
            raise UsageError("--inputs compares with a vector: name one with --vector")
        # Only now: comparing weights needs no loaded model.
        model = yield worker_task(lambda: load(params["base"]))
        inputs = contrast(params["inputs"])
        report["warnings"] = [*report["warnings"], *inputs.warnings]
        texts = [tokenize_text(model, text).ids for text in inputs.texts]
        report["functional"] = yield from measure_on_texts(
            model, match_matrices(base, tuned, modules), vector, texts
        )
    if params.get("out"):
        made = yield worker_task(lambda: top_direction(base, tuned, params["module"], depth, vector))
        report["out"], report["sha256"] = str(params["out"]), made.sha256
        made.save(expand_home(params["out"]))
        yield Artifact(str(params["out"]), open_vector_file(params["out"]).sha256, "vector")
    if params.get("plot"):
        picture = yield worker_task(partial(draw_diff, params["plot"], report))
        report["plot"] = str(picture)
        yield Artifact(str(picture), open_vector_file(picture).sha256, "plot")
    return report
