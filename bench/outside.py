"""Does the suggested dose of a check show in texts, by a measure that the check knows nothing of?

Of each set, thirty prompts that are in no set are answered with 80 tokens, without a dose and at + and − the dose
that the check suggests. The measure is counted in words: question marks an answer, or words of a list per hundred
words. What is asked of it, fixed before its first run: the 95 % interval of the mean difference + against none,
paired by prompt, lies above 0 for at least three of the four sets, and at most 12 % of the answers at + are broken
by the rule of the check. − is reported beside it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

import core
from bench.arms import Check, Setting
from bench.real_check import half_set_vector
from core.fetching.job import fetch_job
from core.generation.token_ids import prompt_ids
from core.jobs.job import End, Steps, run_steps
from core.jobs.runner import run
from core.loading.fetched_models import SMOLLM2
from core.model.model import Model
from vectors.checks.answers.batch_answers import sample_answers
from vectors.checks.answers.dosed_answers import TEMPERATURE
from vectors.checks.answers.pushes import push_profile
from vectors.checks.answers.readings import read_rows
from vectors.checks.check import check_job
from vectors.checks.gradients.scored_rows import ScoredRow
from vectors.library.reading import read
from vectors.statistics.metrics import mean_interval

PROMPTS = Path(__file__).with_name("outside_prompts.json")
NEW = 80
SEED = 0
MOST_BROKEN = 0.12
FEWEST_MOVED = 3


def bench(setting: Setting) -> dict[str, Any]:
    run_steps(fetch_job({"name": SMOLLM2.name}))
    model = core.load(SMOLLM2.name, device=setting.device)
    found = {}
    with TemporaryDirectory() as folder:
        for name in outside_sets():
            vector = half_set_vector(model, name, Path(folder))
            *_, end = run(check_job(model, {"vector": str(vector), "contrast": name}))
            assert isinstance(end, End)
            report: dict[str, Any] = dict(end.summary)
            found[name] = run_steps(outside_effect(model, name, vector, report["suggestion"]))
    return {
        "model": f"{model.name}, {model.dtype}",
        "sets": found,
        "goals": [],
        "checks": [check.to_json() for check in outside_checks(found)],
    }


def outside_sets() -> dict[str, dict[str, Any]]:
    sets: dict[str, dict[str, Any]] = json.loads(PROMPTS.read_text("utf-8"))
    return sets


def outside_checks(found: Mapping[str, Mapping[str, Any]]) -> list[Check]:
    moved = sum(effect["plus"]["interval"][0] > 0 for effect in found.values())
    broken = max(effect["plus"]["broken"] for effect in found.values())
    return [
        Check("sets whose measure moves at the suggested dose", moved, FEWEST_MOVED, at_least=True),
        Check("largest share of broken answers", broken, MOST_BROKEN),
    ]


def outside_effect(
    model: Model, name: str, path: Path, suggestion: Mapping[str, Any]
) -> Steps[dict[str, Any]]:
    """The measure of one set without a dose, at + and at −, with differences paired by prompt."""
    vector = read(str(path), model=model, force=True)
    profile, band = push_profile(vector, model.residual_norms), tuple(suggestion["layers"])
    assert profile.unit == suggestion["unit"]
    chosen = outside_sets()[name]
    prompts = [tuple(prompt_ids(model, text)) for text in chosen["prompts"]]
    pushes = [None, *(profile.at(sign * suggestion["scale"], band) for sign in (1, -1))]
    said = yield from sample_answers(model, prompts, pushes, max_new=NEW, temperature=TEMPERATURE, seed=SEED)
    groups = [[ScoredRow(prompt, one[i].tokens) for one in said] for i, prompt in enumerate(prompts)]
    readings = yield from read_rows(model, groups, ())
    assert model.tokenizer is not None
    texts = [
        [model.tokenizer.decode(list(answer.tokens), skip_special_tokens=True) for answer in one]
        for one in said
    ]
    counts = [np.array([count_measure(text, chosen["count"]) for text in one]) for one in texts]
    sides = {}
    for place, side in ((1, "plus"), (2, "minus")):
        sides[side] = {
            "mean": float(counts[place].mean()),
            "difference": float((counts[place] - counts[0]).mean()),
            "interval": mean_interval(counts[place] - counts[0]),
            "broken": float(np.mean([group[place].is_broken(group[0]) for group in readings])),
        }
    return {"undosed": float(counts[0].mean()), "n": len(prompts), **sides, "texts": texts}


def count_measure(text: str, count: Mapping[str, Sequence[str]]) -> float:
    """Marks in a text, or words of one list minus those of the other per hundred words."""
    if marks := count.get("marks"):
        return float(sum(text.count(mark) for mark in marks))
    words = re.findall(r"[a-z]+(?:['’][a-z]+)?", text.lower())
    towards = sum(word in count["words"] for word in words)
    against = sum(word in count.get("against", ()) for word in words)
    return 100 * (towards - against) / max(1, len(words))
