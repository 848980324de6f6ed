"""The weight-diff job from named parameters, as a command line or an engine sends them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from core import load
from core.errors import UsageError
from core.files import expanded
from core.jobs.job import Artifact, Job, side
from vectors.contrasts.catalogue import contrast
from vectors.diff.checkpoint import open_checkpoint
from vectors.diff.direction import top_direction
from vectors.diff.functional import functional
from vectors.diff.matrix import Depth
from vectors.diff.picture import drawn
from vectors.diff.weights import plan, weight_diff
from vectors.files import writing
from vectors.files.opening import open_source
from vectors.plots.paper import checked
from vectors.texts.tokenized import side as read_side
from vectors.vector import read

Params = Mapping[str, Any]


def job(params: Params) -> Job:
    """`base`, `tuned`; `vector` to align with; `inputs` a set of texts; `out` and `module` make a vector."""
    if bool(params.get("out")) != bool(params.get("module")):
        raise UsageError("a vector from weights needs both --out FILE and --module NAME, such as o_proj")
    if params.get("out"):
        writing.checked(params["out"])
    if params.get("plot"):
        checked(params["plot"])
    base, tuned = open_checkpoint(params["base"]), open_checkpoint(params["tuned"])
    vector = read(params["vector"]).stored if params.get("vector") else None
    depth = Depth(int(params.get("top", 5)), bool(params.get("exact")), int(params.get("seed") or 0))
    modules = params.get("modules") or "*"
    report = {**((yield from weight_diff(base, tuned, vector, depth, modules)) or {})}
    if params.get("inputs"):
        if vector is None:
            raise UsageError("--inputs compares with a vector: name one with --vector")
        model = yield side(lambda: load(params["base"]))
        inputs = contrast(params["inputs"])
        report["warnings"] = [*report["warnings"], *inputs.warnings]
        texts = [read_side(model, text).ids for text in inputs.texts]
        report["functional"] = yield from functional(model, plan(base, tuned, modules), vector, texts)
    if params.get("out"):
        made = yield side(lambda: top_direction(base, tuned, params["module"], depth, vector))
        report["out"], report["sha256"] = str(params["out"]), made.sha256
        made.save(expanded(params["out"]))
        yield Artifact(str(params["out"]), open_source(params["out"]).sha256, "vector")
    if params.get("plot"):
        picture = yield side(partial(drawn, params["plot"], report))
        report["plot"] = str(picture)
        yield Artifact(str(picture), open_source(picture).sha256, "plot")
    return report
