"""The motivation study in one command: dataset → extraction → validation → behaviour → weight diff →
analysis.

Each phase is an existing job; this module passes files from one to the next through the study folder.
`only` runs selected phases on what earlier runs left there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, TypeVar

from core.errors import UsageError
from core.jobs.job import JobEvent, JobSample, Point, Progress, Row, Steps, worker_task
from sessions.experiments import registry
from sessions.experiments.common.cost import RunCost
from sessions.experiments.common.sampler import ModelSampler
from sessions.experiments.phases.study import DATASET, VECTOR, StudyFolder

T = TypeVar("T")
Findings = dict[str, Any]
Params = Mapping[str, Any]
SHARED = ("n", "max_new", "temperature", "repetition_penalty", "seed", "measure", "prompts")
"""Parameters passed on to the experiments of the behaviour phase, where an experiment has them."""


@dataclass
class PhaseFindings:
    """Rows, points and samples that one phase reported, to be saved; their tables are prefixed with the
    phase name.
    """

    phase: str
    rows: list[dict[str, Any]] = field(default_factory=list)
    points: list[dict[str, Any]] = field(default_factory=list)
    samples: list[dict[str, Any]] = field(default_factory=list)

    def relay(self, work: Steps[T]) -> Steps[T]:
        """Relay an inner job's events under this phase's name; results are sent back to it unchanged."""
        resume, value = work.send, None
        while True:
            try:
                item = resume(value)
            except StopIteration as end:
                return end.value
            try:
                resume, value = work.send, (yield self._with_phase_name(item))
            # Errors of a task belong to the inner job, which may handle them.
            except Exception as problem:
                resume, value = work.throw, problem

    def _with_phase_name(self, item: Any) -> Any:
        if isinstance(item, Row):
            item = Row(f"{self.phase}: {item.table}", item.key, item.values)
            self.rows.append({"table": item.table, "key": item.key, **item.values})
        elif isinstance(item, Point):
            item = Point(f"{self.phase}: {item.series}", item.x, item.y, item.lo, item.hi)
            self.points.append(item.to_json())
        elif isinstance(item, JobSample):
            item = replace(item, condition=f"{self.phase}: {item.condition}")
            self.samples.append(item.to_json())
        return item


def experiment(sampler: ModelSampler, params: Params) -> Steps[dict[str, Any]]:
    study, phases = StudyFolder.open_folder(params["out"]), _parse_phases(params["only"])
    pairs = int(params["pairs"])
    yield RunCost(passes=2 * pairs).row()
    summary: dict[str, Any] = {}
    for number, phase in enumerate(phases):
        yield Progress(number, len(phases), f"phase {phase}")
        findings = PhaseFindings(phase)
        found = yield from findings.relay(PHASES[phase](sampler, study, params, findings))
        summary[phase] = found
        # Saved after each phase, so that a later failure does not lose it.
        yield worker_task(partial(_save_findings, study, findings, found))
    yield Progress(len(phases), len(phases), "phases")
    return {
        "summary": summary | {"folder": str(study.folder)},
        "control": {phase: control for phase, found in summary.items() if (control := _phase_control(found))},
        "n": int(params["n"]),
    }


def _phase_control(found: Mapping[str, Any]) -> Any:
    """A phase's own control, or the controls of the experiments it ran."""
    inner = {
        name: one["control"] for name, one in found.items() if isinstance(one, Mapping) and "control" in one
    }
    return found.get("control") or inner


def _save_findings(study: StudyFolder, findings: PhaseFindings, found: Mapping[str, Any]) -> None:
    data = {"rows": findings.rows, "points": findings.points, "samples": findings.samples}
    study.save_findings(findings.phase, data | {"summary": found})


def _parse_phases(only: str | None) -> list[str]:
    names = [name.strip() for name in (only or "").split(",") if name.strip()]
    strange = next((name for name in names if name not in PHASES), None)
    if strange:
        raise UsageError(f"no phase {strange!r}: the phases are {', '.join(PHASES)}")
    return [phase for phase in PHASES if phase in names or not names]


def _make_dataset(
    sampler: ModelSampler, study: StudyFolder, params: Params, findings: PhaseFindings
) -> Steps[Findings]:
    """Write the pairs of a built-in set or a file, taking turns between the domains."""
    from vectors.contrasts.catalogue import contrast
    from vectors.contrasts.header import SetHeader

    found = contrast(params["contrast"]).validated()
    chosen = _balance_domains(found.pairs, int(params["pairs"]))
    header = SetHeader(found.read, found.poles, found.about or None)
    yield worker_task(lambda: study.write_pairs([header.to_json(), *chosen]))
    counts = {domain: sum(pair["domain"] == domain for pair in chosen) for domain in found.domains}
    for domain, count in counts.items():
        yield Row("pairs", domain or "all", {"domain": domain or "all", "pairs": count})
    return {"set": found.name, "pairs": len(chosen), "domains": counts, "poles": list(found.poles)}


def _balance_domains(pairs: Any, count: int) -> list[Mapping[str, Any]]:
    """Pairs taken from the domains in turn."""
    lines: dict[str, list[Any]] = {}
    for pair in pairs:
        lines.setdefault(pair.domain, []).append(pair)
    longest = max(map(len, lines.values()))
    # One pair of each domain in turn, so that a small number of pairs covers all domains.
    taken = [line[place] for place in range(longest) for line in lines.values() if place < len(line)]
    return [
        {"positive": pair.positive, "negative": pair.negative, "domain": pair.domain}
        for pair in taken[: count or None]
    ]


def _extract_vector(
    sampler: ModelSampler, study: StudyFolder, params: Params, findings: PhaseFindings
) -> Steps[Findings]:
    from vectors.extraction.job import extraction_job

    job_params = {
        "contrast": study.require_file(DATASET),
        "out": str(study.vector),
        "name": "study",
        "seed": params["seed"],
    }
    made = extraction_job(sampler.model, {**job_params, "method": "mean", "holdout": 0.2, "suggest": True})
    found = (yield from made) or {}
    shown = ("best_layer", "suggestion", "n_effective", "sha256", "warnings")
    best = found["layers"].get(str(found["best_layer"]), {})
    return {name: found[name] for name in shown} | {"best": best}


def _validate_vector(
    sampler: ModelSampler, study: StudyFolder, params: Params, findings: PhaseFindings
) -> Steps[Findings]:
    from vectors.checks.check import check_job

    job_params = {
        "vector": study.require_file(VECTOR),
        "contrast": study.require_file(DATASET),
        "seed": params["seed"],
    }
    found = (yield from check_job(sampler.model, job_params)) or {}
    shown = ("verdict", "reasons", "window", "consistency", "effects", "control")
    return {name: found[name] for name in shown}


def _run_experiments(
    sampler: ModelSampler, study: StudyFolder, params: Params, findings: PhaseFindings
) -> Steps[Findings]:
    """Run every requested experiment with the vector of the study."""
    from sessions.job_specs.catalogue import OFFERS

    found: dict[str, Any] = {}
    vector = study.require_file(VECTOR)
    for name in [name.strip() for name in params["behaviour"].split(",") if name.strip()]:
        # The study itself would start again without end.
        if name not in registry.EXPERIMENTS or name == "phases":
            raise UsageError(f"no experiment {name!r} for the behaviour phase")
        offer = OFFERS[name]
        known = {param.name for param in offer.params}
        # Only what this experiment has a parameter for; the rest stays at its defaults.
        given = {key: params[key] for key in SHARED if key in known and params.get(key) is not None}
        inner = registry.experiment(name)(sampler, offer.read({"vector": vector, **given}))
        ended = yield from PhaseFindings(name).relay(inner)
        found[name] = {"n": ended["n"], "summary": ended["summary"], "control": ended["control"]}
    return found


def _compare_changes(
    sampler: ModelSampler, study: StudyFolder, params: Params, findings: PhaseFindings
) -> Steps[Findings]:
    """Compare the vector with the fine-tuning's change, in activations and in weights."""
    from sessions.experiments.common import prompts
    from vectors.diff.alignment import align_vectors
    from vectors.diff.job import diff_job

    if not params["tuned"]:
        return {"skipped": "no tuned model was named: --tuned MODEL"}
    vector = sampler.vector(study.require_file(VECTOR))
    prompt_list = prompts.load_prompts(params, sampler.name)
    tuned: ModelSampler = yield from sampler.load_other(params["tuned"])
    before = yield from sampler.states(prompt_list)
    after = yield from tuned.states(prompt_list)
    change = {layer: after[layer].mean(0) - before[layer].mean(0) for layer in before}
    shift = sampler.direction("tuned − base", change)
    aligned = align_vectors(vector, shift, len(prompt_list))
    for layer, cosine in aligned.layers.items():
        yield Row("alignment", str(layer), {"layer": layer, "cosine": cosine, "random": aligned.band})
        yield Point("cosine with the activation change, vector", layer, cosine)
    compared = yield from diff_job(
        {"base": sampler.name, "tuned": params["tuned"], "vector": str(study.vector)}
    )
    layers = compared.get("layers", {}) if compared else {}
    return {"activations": aligned.to_json(), "weights": layers, "n": len(prompt_list)}


def _write_analysis(
    sampler: ModelSampler, study: StudyFolder, params: Params, findings: PhaseFindings
) -> Steps[Findings]:
    """Write one report over the findings of all other phases."""
    from sessions.experiments.report import document
    from sessions.experiments.report.found import ReportData

    saved_findings = {
        phase: saved for phase in PHASES if phase != "analysis" and (saved := study.load_findings(phase))
    }
    if not saved_findings:
        raise UsageError(f"{study.folder} holds no findings yet: run the other phases first")
    found = ReportData(
        {
            "model": sampler.name,
            "n": params["n"],
            "seed": params["seed"],
            "summary": {phase: saved["summary"] for phase, saved in saved_findings.items()},
            "control": {"what": "random directions of the same norms, in every phase that steers"},
        }
    )
    for saved in saved_findings.values():
        found.rows += saved["rows"]
        for event in (*saved["points"], *saved["samples"]):
            found.collect(JobEvent.from_json(event))
    folder, title = str(study.folder), "A motivation study"
    yield from (yield worker_task(lambda: document.write_report(found, folder, title, "steertui run phases")))
    return {"report": str(study.folder / "report.md"), "phases": list(saved_findings)}


Phase = Callable[[Any, StudyFolder, Params, PhaseFindings], Steps[Findings]]
PHASES: Mapping[str, Phase] = {
    "dataset": _make_dataset,
    "extraction": _extract_vector,
    "validation": _validate_vector,
    "behaviour": _run_experiments,
    "weights": _compare_changes,
    "analysis": _write_analysis,
}
