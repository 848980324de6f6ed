"""The measurements of a check and its report: the verdict, every number behind it, and the curves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from core.jobs.job import JobEvent, JobSample, Point
from vectors.checks.answers.dosed_answers import TextJudge
from vectors.checks.answers.pushes import PushProfile
from vectors.checks.answers.readings import UnsteeredReading
from vectors.checks.answers.text_effects import TextEffect
from vectors.checks.answers.trial import Trial
from vectors.checks.gradients.slopes import SlopeFindings
from vectors.checks.separation import LayerSeparation
from vectors.checks.verdict import Findings, decide_verdict
from vectors.statistics import metrics
from vectors.vector import SteeringVector

if TYPE_CHECKING:
    from core.model.model import Model

SHOWN_PROMPTS = 2
SIDES = ("−", "0", "+")


@dataclass(frozen=True)
class CheckMeasurements:
    """Everything that a check measured, before the verdict; None where it did not come to it."""

    vector: SteeringVector
    towards: str
    doubts: tuple[str, ...]
    separations: Mapping[int, LayerSeparation]
    profile: PushProfile
    max_new: int
    seed: int
    pairs: int = 0
    in_sample: bool = False
    ends_apart: bool = False
    band: tuple[int, ...] = ()
    slopes: SlopeFindings | None = None
    red_ranks: bool = False
    problem: str = ""
    no_gradient: str = ""
    no_judge: str = ""
    margins: Sequence[float] | None = None
    trial: Trial | None = None
    text: TextEffect | None = None
    more: Mapping[str, Any] = field(default_factory=dict)

    @property
    def stops(self) -> bool:
        """Whether the verdict is known before anything was tried at a dose."""
        return bool(self.problem) or self.red_ranks

    @property
    def sign(self) -> int:
        return self.slopes.sign if self.slopes else 1

    @property
    def scale(self) -> float:
        """The dose in the vector's own direction."""
        return self.sign * self.trial.dose.scale if self.trial else 0.0

    def findings(self) -> Findings:
        trial, slopes = self.trial, self.slopes
        return Findings(
            name=self.vector.name,
            towards=self.towards,
            band=self.band,
            ranks=slopes.ranks if slopes else (),
            sign=self.sign,
            margin=trial.margin if trial else None,
            text=self.text,
            coherence=trial.coherence if trial else None,
            scale=self.scale,
            unit=self.profile.unit,
            kl=trial.dose.kl if trial else 0.0,
            pairs=self.pairs,
            prompt_share=slopes.prompt_share if slopes and trial else None,
            max_new=self.max_new,
            in_sample=self.in_sample,
            problem=self.problem,
            no_gradient=self.no_gradient,
            no_judge=self.no_judge,
            ends_apart=self.ends_apart,
            doubts=self.doubts,
        )


def build_report(model: Model, evidence: CheckMeasurements) -> dict[str, Any]:
    """The summary: the verdict with its reasons, and every number behind it."""
    verdict = decide_verdict(evidence.findings())
    margin = evidence.trial.margin if evidence.trial else None
    return {
        "verdict": verdict.colour,
        "reasons": list(verdict.reasons),
        "decided_by": verdict.decided_by,
        "model": model.name,
        "vector": evidence.vector.name,
        "sha256": evidence.vector.sha256,
        "site": evidence.vector.card.site,
        "towards": evidence.towards,
        "in_sample": evidence.in_sample,
        "layers": {str(layer): _layer_row(model, evidence, layer) for layer in evidence.vector.layers},
        "consistency": evidence.vector.card.consistency.to_json(),
        "unit": evidence.profile.unit,
        "dose": evidence.scale or None,
        "kl": evidence.trial.dose.kl if evidence.trial else None,
        "band": list(evidence.band),
        "bands": _band_rows(evidence),
        "nulls": [rank.to_json(evidence.sign) for rank in evidence.slopes.ranks] if evidence.slopes else [],
        "pairs_moved": {"moved": margin.moved, "of": margin.of} if margin else _predicted_moves(evidence),
        "acts_on": _acts_on(evidence),
        "doses": _dose_rows(model, evidence),
        "effects": _effect_rows(model, evidence),
        "control": {
            "n": len(evidence.trial.controls) if evidence.trial else 0,
            "rows": _control_rows(evidence),
        },
        "texts": evidence.text.to_json() if evidence.text else None,
        "suggestion": _suggestion(evidence),
        "n": evidence.pairs,
        "seed": evidence.seed,
        **evidence.more,
    }


def echo_directions(model: Model, vector: SteeringVector, band: Sequence[int]) -> dict[int, Any]:
    """The vector's own directions as shares of the residual norm, so that no layer dominates the mean."""
    return {layer: vector.units[layer] / model.residual_norms[layer] for layer in band}


def report_events(
    model: Model, evidence: CheckMeasurements, summary: Mapping[str, Any]
) -> Iterable[JobEvent]:
    for series in ("echo", "propensity", "nll", "kl"):
        yield from (
            Point(series, row["scale"], row[series])
            for row in summary["doses"]
            if row.get(series) is not None
        )
    if model.tokenizer is None or evidence.trial is None:
        return
    for number in range(min(SHOWN_PROMPTS, len(evidence.trial.answers.prompts))):
        for side, scale in zip(SIDES, (-evidence.scale, 0.0, evidence.scale), strict=True):
            answer = evidence.trial.answers.by_condition[side][number]
            text = model.tokenizer.decode(list(answer.tokens), skip_special_tokens=True)
            yield JobSample(f"{scale:+g}", f"prompt {number}", text)


def _layer_row(model: Model, evidence: CheckMeasurements, layer: int) -> dict[str, Any]:
    norm = evidence.vector.norms[layer]
    facts: dict[str, Any] = {"norm": norm, "relative_norm": norm / model.residual_norms[layer]}
    if found := evidence.separations.get(layer):
        facts |= {**found.separation.to_json(), "gap": found.gap, "split_half": found.split_half}
    return facts


def _band_rows(evidence: CheckMeasurements) -> list[dict[str, Any]]:
    if evidence.slopes is None:
        return []
    return [
        {"layers": list(band), "slope": slope}
        for band, slope in zip(evidence.slopes.bands, evidence.slopes.slopes, strict=True)
    ]


def _predicted_moves(evidence: CheckMeasurements) -> dict[str, int]:
    """Where nothing was tried at a dose, the pairs whose slope points its way."""
    pairs = evidence.slopes.pairs if evidence.slopes else ()
    return {"moved": sum(evidence.sign * slope > 0 for slope in pairs), "of": len(pairs)}


def _acts_on(evidence: CheckMeasurements) -> dict[str, float] | None:
    """Nats per token that the dose does through the prompt's and the answer's tokens, from the gradient."""
    if evidence.slopes is None:
        return None
    scale = abs(evidence.scale) or 1.0
    prompt, answer = scale * evidence.slopes.prompt, scale * evidence.slopes.answer
    return {"prompt": prompt, "answer": answer, "both": prompt + answer}


def _dose_rows(model: Model, evidence: CheckMeasurements) -> list[dict[str, Any]]:
    """−x, 0 and +x in the vector's own direction."""
    trial = evidence.trial
    if trial is None:
        return []
    echo = TextJudge("echo", echo_directions(model, evidence.vector, evidence.band))
    margins = {"−": trial.below, "0": evidence.margins or (), "+": trial.above}
    kl = {"−": trial.kl_minus, "0": 0.0, "+": trial.dose.kl}
    scales = {"−": -evidence.scale, "0": 0.0, "+": evidence.scale}
    undosed = trial.answers.by_condition["0"]
    rows = [
        {
            "dose": float(place - 1) * evidence.sign,
            "scale": scales[side],
            "kl": kl[side],
            "propensity": float(np.mean(margins[side])) if len(margins[side]) else None,
            "echo": _mean([echo.value(answer) for answer in trial.answers.by_condition[side]]),
            **_text_row(trial.answers.by_condition[side], undosed),
        }
        for place, side in enumerate(SIDES)
    ]
    return sorted(rows, key=lambda row: float(row["scale"]))


def _text_row(answers: Sequence[UnsteeredReading], undosed: Sequence[UnsteeredReading]) -> dict[str, float]:
    nll = _mean([answer.nll for answer in answers])
    broken = [answer.is_broken(before) for answer, before in zip(answers, undosed, strict=True)]
    return {
        "nll": nll,
        # exp overflows beyond about 709.
        "perplexity": float(np.exp(min(nll, 700.0))),
        "repetition": _mean([answer.repetition for answer in answers]),
        "distinct_2": _mean([answer.distinct_pairs for answer in answers]),
        "collapsed": float(np.mean(broken)),
    }


def _mean(values: Sequence[float]) -> float:
    known = [value for value in values if np.isfinite(value)]
    return float(np.mean(known)) if known else float("nan")


def _effect_rows(model: Model, evidence: CheckMeasurements) -> list[dict[str, Any]]:
    """Propensity decides; the echo informs."""
    trial = evidence.trial
    if trial is None:
        return []
    echo = TextJudge("echo", echo_directions(model, evidence.vector, evidence.band))
    heard = trial.answers.effect(echo, len(trial.controls))
    rows = [{"measure": "echo", "size": evidence.sign * heard.size, "controls": list(heard.controls)}]
    if trial.margin:
        margin = trial.margin
        rows.insert(
            0,
            {
                "measure": "propensity",
                "size": margin.size,
                "predicted": margin.predicted,
                "interval": list(metrics.mean_interval(margin.halves, seed=evidence.seed)),
                "controls": [measured for measured, _ in margin.controls],
            },
        )
    return rows


def _control_rows(evidence: CheckMeasurements) -> list[dict[str, Any]]:
    trial = evidence.trial
    if trial is None:
        return []
    texts = evidence.text.controls if evidence.text else ()
    rows = []
    for number, control in enumerate(trial.controls):
        row = {"class": control.profile.name, "scale": control.scale, "kl": control.kl}
        if trial.margin:
            row |= dict(zip(("measured", "predicted"), trial.margin.controls[number], strict=True))
        rows.append(row | ({"text": texts[number]} if texts else {}))
    return rows


def _suggestion(evidence: CheckMeasurements) -> dict[str, Any] | None:
    """The measured dose; none where nothing was tried."""
    if evidence.trial is None:
        return None
    scale = evidence.scale
    return {"layers": list(evidence.band), "unit": evidence.profile.unit, "scale": scale, "split": True}
