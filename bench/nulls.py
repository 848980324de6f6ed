"""What no vector of no meaning may do: thousands of null vectors at the gradient stage of `check`.

On the demo model and on SmolLM2, of every set: random vectors (fresh per layer, and one direction for all layers),
vectors of half and half exchanged labels with the true part taken out, and the vectors of all other sets. And how
well the gradient predicts what directions of every kind do at a dose.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

import core
from bench.arms import Check, Setting
from bench.null_ranks import rank_many
from core import demo
from core.demo.demo_world import world_of
from core.fetching.job import fetch_job
from core.jobs.job import Steps, run_steps
from core.loading.fetched_models import SMOLLM2
from core.model.model import Model
from vectors.checks.answers.dose_search import NEAR_TARGET, TARGET, find_dose, plain_texts
from vectors.checks.answers.judged_pairs import JudgedPair, judge_pairs
from vectors.checks.answers.margins import half_difference, half_effects
from vectors.checks.answers.pushes import PushProfile, push_profile
from vectors.checks.answers.trial import KL_TEXTS
from vectors.checks.check import HELD_OUT, SEED, with_stats
from vectors.checks.class_states import (
    ClassStates,
    measure_separations,
    read_class_states,
    states_of_gradient,
)
from vectors.checks.dose_stage import MESSAGES
from vectors.checks.gradients.ranks import candidate_bands, rank_by_norm, vector_slopes
from vectors.checks.gradients.slopes import PropensityGradient, part_slopes
from vectors.checks.halves import fit_halves, split_halves
from vectors.checks.propensity import null_classes, propensity_gradient, sample_texts, sampled_scores
from vectors.contrasts.catalogue import contrast
from vectors.data.metadata import About
from vectors.vector import SteeringVector

Floats = NDArray[np.float32]
DRAWN, FLIPPED = 200, 60
DEMO_SETS = ("determined-drifting", "assistant-persona", "pirate")
REAL_SETS = ("questions", "persona", "empathy", "sycophancy", "prescriptiveness", "honesty")
PREDICTED_PAIRS = 8
LEAST_R = {TARGET: 0.9, NEAR_TARGET: 0.85}


@dataclass(frozen=True)
class RankedSet:
    """One set on one model: its judging pairs, their gradient, its states, and the vector of its other half."""

    name: str
    pairs: Sequence[JudgedPair]
    gradient: PropensityGradient
    states: ClassStates
    vector: SteeringVector

    @property
    def units(self) -> Floats:
        """[L, d]."""
        return np.stack([self.vector.units[layer] for layer in self.vector.layers]).astype(np.float32)


def bench(setting: Setting) -> dict[str, Any]:
    run_steps(fetch_job({"name": SMOLLM2.name}))
    found, checks = {}, []
    for name, sets in ((demo.BASE, DEMO_SETS), (SMOLLM2.name, REAL_SETS)):
        model = core.load(name, device=setting.device)
        ranked = [run_steps(_ranked_set(model, one)) for one in sets]
        found[name] = {one.name: _figures(model, one, ranked) for one in ranked}
        agreement = run_steps(_agreement(model, ranked))
        found[name]["predicted"] = agreement
        checks += _checks(name, found[name])
    return {
        "model": f"{demo.BASE} and {SMOLLM2.name}",
        "found": found,
        "goals": [],
        "checks": [check.to_json() for check in checks],
    }


def _ranked_set(model: Model, name: str) -> Steps[RankedSet]:
    world = world_of(model.name)
    known = None if world else contrast(name)
    given = world.pairs(name, 2 * HELD_OUT, SEED) if world else known.validated().pairs if known else ()
    halves = fit_halves(model, split_halves(given, 0))
    blank = {layer: np.ones(model.hidden_size) for layer in range(model.n_layers)}
    empty = SteeringVector(blank, about=About(name=name, read=known.read if known else "last"))
    pairs = yield from judge_pairs(model, halves.held)
    gradient, rows = yield from propensity_gradient(model, pairs)
    states = yield from read_class_states(model, empty, halves, states_of_gradient(empty, pairs, rows))
    made = {layer: found.mean(axis=0) for layer, found in states.differences().items()}
    vector = SteeringVector(made, about=empty.about)
    apart = yield from measure_separations(vector, states, 0)
    return RankedSet(name, pairs, gradient, states, with_stats(vector, apart))


def _figures(model: Model, own: RankedSet, every: Sequence[RankedSet]) -> dict[str, Any]:
    bands = candidate_bands(model.n_layers, own.vector.layers, None)
    gradient = own.gradient.mean
    chance = np.random.default_rng(11)
    shape = (model.n_layers, model.hidden_size)
    fresh = chance.standard_normal((DRAWN, *shape), np.float32)
    same = np.repeat(chance.standard_normal((DRAWN, 1, shape[1]), np.float32), shape[0], axis=1)
    others = [one for one in every if one is not own]
    groups = {
        "itself": own.units[None],
        "fresh per layer": fresh,
        "one direction": same,
        "exchanged labels": _flipped(own, chance),
        "other sets": np.stack([one.units for one in others]),
    }
    found: dict[str, Any] = {"bands": [list(band) for band in bands], "off": _largest_error(own, bands)}
    for name, rows in groups.items():
        ranks = rank_many(_unit(rows), gradient, own.states, bands)
        found[name] = {
            "of": len(rows),
            "not red": int(ranks.not_red().sum()),
            "green": int(ranks.green().sum()),
        }
        if name == "itself":
            found[name]["p"] = {
                key: (1 + int(counts[0])) / (1 + ranks.n) for key, counts in ranks.above.items()
            }
        if name == "other sets":
            named = zip(others, ranks.green(), strict=True)
            found[name]["names"] = [one.name for one, green in named if green]
    return found


def _flipped(own: RankedSet, chance: np.random.Generator) -> Floats:
    """[n, L, d]: of pair differences with half of the signs exchanged, orthogonal to the vector on every layer."""
    differences = np.stack([own.states.differences()[layer] for layer in own.vector.layers])
    count = differences.shape[1]
    signs = np.ones((FLIPPED, count), np.float32)
    for row in signs:
        row[chance.permutation(count)[: count // 2]] = -1
    made = np.einsum("np,lpd->nld", signs, differences)
    along = np.einsum("nld,ld->nl", made, own.units)
    orthogonal: Floats = made - along[..., None] * own.units
    return orthogonal


def _largest_error(own: RankedSet, bands: Sequence[tuple[int, ...]]) -> int:
    """By how many nulls `rank_many` is off the check's own ranks of this vector."""
    pushes = push_profile(own.vector, {}).rows
    nulls = null_classes(own.states, own.vector.units, 0)
    theirs = rank_by_norm(nulls, own.gradient.mean, pushes, bands)
    ours = rank_many(own.units[None], own.gradient.mean, own.states, bands)
    return max(
        max(abs(rank.above - int(ours.above[rank.name][0])), abs(rank.below - int(ours.below[rank.name][0])))
        for rank in theirs
    )


def _agreement(model: Model, ranked: Sequence[RankedSet]) -> Steps[dict[str, Any]]:
    """Predicted and measured effects of directions of every kind on the first set, each at its own dose."""
    own = ranked[0]
    pairs = own.pairs[:PREDICTED_PAIRS]
    profile = push_profile(own.vector, model.residual_norms)
    bands = candidate_bands(model.n_layers, own.vector.layers, None)
    band = bands[int(np.argmax(vector_slopes(own.gradient.mean, profile.rows, bands)))]
    prompts = list(dict.fromkeys(pair.contexts[0] for pair in own.pairs))[:MESSAGES]
    texts = yield from sample_texts(model, prompts, 0)
    scores = yield from sampled_scores(model, texts)
    plain = yield from plain_texts(model, texts[:KL_TEXTS])
    dose = yield from find_dose(model, plain, profile, band, scores.kappa(profile.rows, band))
    rows, at_own_kl = [], dose.quadratic
    for name, one in _directions(profile, ranked).items():
        # Where KL is a step, all directions get the length of the vector.
        if at_own_kl and one is not profile:
            dose = yield from find_dose(model, plain, one, band, scores.kappa(one.rows, band))
        predicted = dose.scale * float(
            part_slopes(own.gradient, one.rows, band)[: len(pairs)].sum(axis=1).mean()
        )
        below, above = yield from half_effects(model, pairs, one, band, dose.scale)
        rows.append((name, predicted, float(np.mean(half_difference(below, above)))))
    return _agreement_figures(own.name, band, rows) | {"target": TARGET if at_own_kl else NEAR_TARGET}


def _agreement_figures(
    name: str, band: tuple[int, ...], rows: Sequence[tuple[str, float, float]]
) -> dict[str, Any]:
    predicted, measured = (np.array([row[place] for row in rows]) for place in (1, 2))
    weak = np.argsort(-np.abs(measured))[3:]
    return {
        "set": name,
        "band": list(band),
        "rows": rows,
        "r": float(np.corrcoef(predicted, measured)[0, 1]),
        "r without the three strongest": float(np.corrcoef(predicted[weak], measured[weak])[0, 1]),
        "slope": float(np.dot(predicted, measured) / np.dot(predicted, predicted)),
    }


def _directions(profile: PushProfile, ranked: Sequence[RankedSet]) -> dict[str, PushProfile]:
    """The vector, those of the other sets, and nulls of every class, all with the vector's length on every layer."""
    own = ranked[0]
    found = {own.name: profile}
    for one in ranked[1:]:
        found[one.name] = profile.like(one.name, one.vector.units)
    for null in null_classes(own.states, own.vector.units, 0):
        for number in range(4):
            units = {layer: null.rows(layer)[number] for layer in own.vector.layers}
            found[f"{null.name} {number}"] = profile.like(null.name, units)
    chance = np.random.default_rng(3)
    for number in range(4):
        row = _unit(chance.standard_normal((own.units.shape[1],), np.float32))
        found[f"one direction {number}"] = profile.like(
            "one direction", dict.fromkeys(own.vector.layers, row)
        )
    return found


def _checks(model: str, found: Mapping[str, Any]) -> list[Check]:
    sets = [figures for name, figures in found.items() if name != "predicted"]
    drawn = [figures[kind] for figures in sets for kind in ("fresh per layer", "one direction")]
    flipped = [figures["exchanged labels"] for figures in sets]
    agreement = found["predicted"]
    return [
        Check(f"{model}: share of random vectors that are not red", _share(drawn, "not red"), 0.01),
        Check(f"{model}: share of exchanged labels that are green", _share(flipped, "green"), 0.01),
        Check(f"{model}: ranks that are off the check's own", max(one["off"] for one in sets), 1),
        Check(
            f"{model}: r of predicted and measured",
            agreement["r"],
            LEAST_R[agreement["target"]],
            at_least=True,
        ),
    ]


def _share(groups: Sequence[Mapping[str, int]], key: str) -> float:
    return sum(group[key] for group in groups) / sum(group["of"] for group in groups)


def _unit(rows: Floats) -> Floats:
    found: Floats = (rows / np.linalg.norm(rows, axis=-1, keepdims=True)).astype(np.float32)
    return found
