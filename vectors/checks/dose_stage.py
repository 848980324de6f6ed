"""The second part of a check: a dose by KL, margins and answers under it, and what they say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from core.demo.demo_world import world_of
from core.generation.token_ids import prompt_ids
from core.jobs.job import Steps
from vectors.checks import propensity, report
from vectors.checks.answers.baseline import pole_sentence, prompt_baseline
from vectors.checks.answers.capability import answer_choices, compare_choices
from vectors.checks.answers.dosed_answers import TextJudge
from vectors.checks.answers.judged_pairs import JudgedPair
from vectors.checks.answers.text_effects import FLOOR, best_feature, judged_layer, replies_told_apart
from vectors.checks.answers.trial import Trial, TrialPlan, run_trial
from vectors.checks.gradients.gradient import GradientUnavailable, RowGradients
from vectors.checks.gradients.nulls import NullClass
from vectors.checks.gradients.scored_rows import Ids, ScoredRow
from vectors.checks.gradients.slopes import SampledScores
from vectors.checks.prompts import default_prompts
from vectors.checks.rank_stage import CheckSettings, PairGradients
from vectors.checks.report import CheckMeasurements
from vectors.statistics import metrics

if TYPE_CHECKING:
    from core.model.model import Model

Floats = NDArray[np.float32]
MESSAGES = 8
NO_JUDGE = "no measure of texts tells the set's own replies apart, so its answers could not be judged"


@dataclass(frozen=True)
class SampledTexts:
    """Texts of the unsteered model and the gradients of their log p; `problem` says why there are none."""

    rows: Sequence[ScoredRow]
    scores: SampledScores | None
    problem: str


def sample_and_differentiate(
    model: Model, prompts: Sequence[Ids], seed: int, problem: str = ""
) -> Steps[SampledTexts]:
    """A known `problem` with gradients leaves them out."""
    rows = yield from propensity.sample_texts(model, prompts, seed)
    if problem:
        return SampledTexts(rows, None, problem)
    try:
        return SampledTexts(rows, (yield from propensity.sampled_scores(model, rows)), "")
    except GradientUnavailable as found:
        return SampledTexts(rows, None, str(found))


def try_dose(
    model: Model,
    evidence: CheckMeasurements,
    pairs: Sequence[JudgedPair],
    nulls: Sequence[NullClass],
    found: PairGradients,
    settings: CheckSettings,
) -> Steps[CheckMeasurements]:
    """Texts of the model itself give KL; then the trial, and what its answers say."""
    prompts = trial_messages(model, pairs, settings)
    sampled = yield from sample_and_differentiate(model, prompts, settings.seed, evidence.no_gradient)
    scores = sampled.scores
    evidence = replace(evidence, no_gradient=sampled.problem)
    slopes = evidence.slopes
    if slopes is not None and found.gradient is not None and scores is not None:
        slopes = scores.rank(slopes, found.gradient, evidence.profile.rows, nulls)
    judge = yield from _text_judge(model, evidence, pairs, found.rows)
    plan = TrialPlan(
        model=model,
        profile=evidence.profile,
        band=evidence.band,
        sign=slopes.sign if slopes else 1,
        nulls=nulls,
        pairs=pairs,
        prompts=prompts,
        texts=sampled.rows,
        gradient=found.gradient,
        scores=scores,
        read_layers=tuple(sorted({*evidence.band, judged_layer(model.n_layers)})),
        max_new=settings.max_new,
        seed=settings.seed,
        directions=evidence.vector.directions,
    )
    trial = yield from run_trial(plan)
    # At the vector's KL its κ̂ may be far off, and then a rank at equal κ̂ is no rank at equal KL.
    if slopes is not None and not trial.dose.trusted:
        slopes = replace(slopes, ranks=tuple(replace(rank, kl=None) for rank in slopes.ranks))
    text = None if judge is None else trial.answers.effect(judge, len(trial.controls))
    margins0 = None if found.gradient is None else found.gradient.margins
    more = (yield from _extras(plan, trial, settings)) if settings.more else {}
    return replace(
        evidence,
        slopes=slopes,
        trial=trial,
        text=text,
        no_judge=NO_JUDGE if judge is None else "",
        margins=margins0,
        more={**evidence.more, **more},
    )


def _extras(plan: TrialPlan, trial: Trial, settings: CheckSettings) -> Steps[dict[str, Any]]:
    """What `--more` adds: the pole as a system prompt, and what the dose costs in capability."""
    baseline = None
    system = pole_sentence(settings.towards, next((pair.system for pair in plan.pairs), ""))
    # A set from a file may name no poles, and then there is no sentence to compare with.
    if trial.margin and system:
        own = trial.margin.size, trial.dose.kl
        baseline = yield from prompt_baseline(
            plan.model, plan.pairs, plan.texts, system, own, settings.template_args
        )
    # The demo models know nothing of this world, and a model without a tokenizer reads no question.
    if world_of(plan.model.name) or plan.model.tokenizer is None:
        return {"baseline": baseline, "capability": None}
    before = yield from answer_choices(plan.model, None)
    push = plan.profile.at(plan.sign * trial.dose.scale, plan.band)
    after = yield from answer_choices(plan.model, push)
    return {"baseline": baseline, "capability": compare_choices(before, after)}


def _text_judge(
    model: Model, evidence: CheckMeasurements, pairs: Sequence[JudgedPair], rows: RowGradients | None
) -> Steps[TextJudge | None]:
    """The projection on the judging half's own direction, else a surface feature; without a set, the echo."""
    if not pairs:
        return TextJudge("echo", report.echo_directions(model, evidence.vector, evidence.band))
    layer = judged_layer(model.n_layers)
    if rows is None or any(pair.own for pair in pairs):
        # Generated replies are what the set's contexts make of the model: they are read in these.
        positive, negative = yield from propensity.own_reply_states(model, pairs, layer)
    else:
        positive, negative = propensity.reply_states(pairs, rows.means[:, layer])
    if replies_told_apart(positive, negative) >= FLOOR:
        axis = (positive - negative).mean(axis=0)
        axis /= np.linalg.norm(axis)
        return TextJudge(f"projection at layer {layer}", {layer: axis})
    if model.tokenizer is None:
        return None
    texts = [
        [model.tokenizer.decode(list(ids), skip_special_tokens=True) for ids in side]
        for side in ([pair.positive for pair in pairs], [pair.negative for pair in pairs])
    ]
    feature = best_feature(*texts)
    if feature is None:
        return None
    return TextJudge(feature[0], {}, feature, model.tokenizer)


def trial_messages(model: Model, pairs: Sequence[JudgedPair], settings: CheckSettings) -> list[Ids]:
    """What the model answers: the messages of the pairs that judge; without pairs, general prompts."""
    args = settings.template_args
    if settings.prompts:
        return [prompt_ids(model, prompt, template_args=args) for prompt in settings.prompts]
    # The contexts of a pair take turns, where it has two.
    asked = [pair.prompts or pair.contexts for pair in pairs]
    found: list[Ids] = [each[number % len(each)] for number, each in enumerate(asked)]
    if not found:
        return [prompt_ids(model, text, template_args=args) for text in default_prompts(model, MESSAGES)]
    return list(dict.fromkeys(found))[:MESSAGES]


def neutral_statistics(trial: Trial | None) -> dict[int, dict[str, float]]:
    """Projections of the answers without a dose: they are ordinary text of this model."""
    undosed = trial.answers.by_condition["0"] if trial else ()
    found: dict[int, list[Floats]] = {}
    for answer in undosed:
        for layer, values in answer.projections.items():
            found.setdefault(layer, []).append(values)
    return {layer: metrics.summarize_projections(np.concatenate(values)) for layer, values in found.items()}
