"""The measurements of a check and its report: the verdict, every number behind it, and the curves."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, overload

from core.jobs.job import JobEvent, JobSample, Point
from core.json_values import JsonValue
from vectors.checks import dose_response
from vectors.checks.dose_response import Propensities, Texts
from vectors.checks.doses import DosedVector, suggest_dose
from vectors.checks.separation import LayerSeparation
from vectors.checks.verdict import Effect, Findings, decide_verdict
from vectors.data.card import layer_consistency
from vectors.vector import SteeringVector

if TYPE_CHECKING:
    from core.model.model import Model


IN_SAMPLE = "d and accuracy are of the pairs it was made from, no hold-out"


@dataclass(frozen=True)
class CheckMeasurements:
    """Everything that a check measured, before the verdict."""

    vector: SteeringVector
    doubts: tuple[str, ...]
    separations: Mapping[int, LayerSeparation]
    dosed: DosedVector
    texts: Texts
    propensities: Propensities | None
    window: tuple[float, float]
    in_sample: bool
    seed: int

    @property
    def effects(self) -> tuple[Effect, ...]:
        echo = dose_response.echo_effect(self.texts, self.seed)
        return (echo,) if self.propensities is None else (self.propensities.effect(self.seed), echo)

    def findings(self) -> Findings:
        band = [self.separations[layer] for layer in self.dosed.band if layer in self.separations]
        # Only layers that are steered: others have no part in the effect.
        best = max(band, key=lambda found: found.separation.d, default=None)
        neighbours = layer_consistency(self.vector.units)
        return Findings(
            effects=self.effects,
            window=self.window,
            doubts=self.doubts,
            notes=(IN_SAMPLE,) if self.in_sample else (),
            neighbours=neighbours.mean,
            random_band=neighbours.band,
            split_half=best.split_half if best else None,
            accuracy_ci=best.separation.accuracy_ci if best else None,
            gap=best.gap if best else None,
        )


def build_report(model: Model, evidence: CheckMeasurements) -> dict[str, JsonValue]:
    """The summary: the verdict with its reasons, and every number behind it."""
    found = evidence.findings()
    verdict = decide_verdict(found)
    return {
        "verdict": verdict.colour,
        "reasons": list(verdict.reasons),
        "model": model.name,
        "vector": evidence.vector.name,
        "sha256": evidence.vector.sha256,
        "site": evidence.vector.card.site,
        "in_sample": evidence.in_sample,
        "layers": {str(layer): _layer_row(model, evidence, layer) for layer in evidence.vector.layers},
        "consistency": evidence.vector.card.consistency.to_json(),
        "unit": evidence.dosed.unit,
        "dose": evidence.dosed.dose_size,
        "band": list(evidence.dosed.band),
        "doses": _dose_rows(evidence),
        "window": list(evidence.window),
        "effects": [_effect_row(effect) for effect in found.effects],
        "control": {
            "n": dose_response.CONTROLS,
            "doses": dose_response.dose_curve(evidence.texts, range(1, dose_response.CONTROLS + 1)),
        },
        "suggestion": suggest_dose(evidence.dosed, evidence.window),
        "n": len(evidence.texts[0, 0.0]),
        "seed": evidence.seed,
    }


@overload
def json_safe(tree: Mapping[str, JsonValue]) -> dict[str, JsonValue]: ...
@overload
def json_safe(tree: JsonValue) -> JsonValue: ...
def json_safe(tree: JsonValue) -> JsonValue:
    """The tree with infinite and NaN numbers replaced by None, since JSON has neither."""
    if isinstance(tree, float):
        return tree if math.isfinite(tree) else None
    if isinstance(tree, Mapping):
        return {key: json_safe(value) for key, value in tree.items()}
    return [json_safe(value) for value in tree] if isinstance(tree, list | tuple) else tree


def _dose_rows(evidence: CheckMeasurements) -> list[dict[str, float]]:
    """The dose curve of the vector itself, with the scale and the propensity of each dose."""
    doses = dose_response.dose_curve(evidence.texts, [0])
    for point in doses:
        point["scale"] = point["dose"] * evidence.dosed.dose_size
        if evidence.propensities is not None:
            values = evidence.propensities.by_dose[point["dose"]]
            point["propensity"] = sum(values) / len(values)
    return doses


def _layer_row(model: Model, evidence: CheckMeasurements, layer: int) -> dict[str, JsonValue]:
    norm = evidence.vector.norms[layer]
    facts: dict[str, JsonValue] = {"norm": norm, "relative_norm": norm / model.residual_norms[layer]}
    if found := evidence.separations.get(layer):
        facts |= {**found.separation.to_json(), "gap": found.gap, "split_half": found.split_half}
    return facts


def _effect_row(effect: Effect) -> dict[str, JsonValue]:
    facts: dict[str, JsonValue] = {
        "measure": effect.measure,
        "slope": effect.slope,
        "interval": list(effect.interval),
    }
    return facts | {"random": effect.noise, "controls": list(effect.controls), "moves": effect.moves}


def report_events(
    model: Model, evidence: CheckMeasurements, summary: Mapping[str, Any]
) -> Iterable[JobEvent]:
    for series in ("echo", "propensity", "nll", "kl"):
        yield from (Point(series, row["dose"], row[series]) for row in summary["doses"] if series in row)
    if model.tokenizer is not None:
        for dose, spoken in dose_response.sample_texts(evidence.texts, prompts=2):
            text = model.tokenizer.decode(list(spoken.tokens), skip_special_tokens=True)
            flags = ("collapsed",) if spoken.collapse else ()
            yield JobSample(f"{dose:+g}", f"prompt {spoken.prompt}", text, flags)
