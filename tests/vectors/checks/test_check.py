"""The check on models whose truth is known: planted, random, mute, misplaced; and what it writes down."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

import core
import vectors
from core.activations.capture import capture
from core.jobs.job import End, JobEvent, Progress, run_steps
from core.jobs.runner import run
from steertui.check_report import render_check_report
from steertui.cli.main import main
from tests.vectors import planted, samples
from vectors.checks import likelihood
from vectors.checks.answers.judged_pairs import JudgedPair, judge_pairs
from vectors.checks.answers.margins import half_difference, half_effects
from vectors.checks.answers.pushes import push_profile
from vectors.checks.answers.trial import control_pairs
from vectors.checks.check import check_job, check_vector, find_halves
from vectors.checks.class_states import read_class_states
from vectors.checks.continuations import ClassContinuations
from vectors.checks.gradients.slopes import part_slopes
from vectors.checks.halves import as_pair, fit_halves, halves_of_set, split_halves
from vectors.checks.propensity import null_classes, propensity_gradient
from vectors.data.metadata import About
from vectors.library import measured
from vectors.texts.pair import ContrastPair, ContrastSet, split_pairs


def checked(
    model: core.Model, vector: vectors.SteeringVector, **choices: Any
) -> tuple[dict[str, Any], list[JobEvent]]:
    choices = {"prompts": planted.PROMPTS, "max_new": 24, "layers": [0, 1, 2]} | choices
    events = list(run(check_vector(model, vector, **choices)))
    assert isinstance(events[-1], End)
    assert events[-1].status == "done", events[-1].summary
    return dict(events[-1].summary), events


@pytest.fixture(scope="module")
def speaking() -> tuple[core.Model, vectors.SteeringVector]:
    return planted.speaking()


@cache
def green() -> tuple[dict[str, Any], list[JobEvent]]:
    """Made by the first test that asks, within its own folders."""
    model, vector = planted.speaking()
    return checked(model, vector, pairs=planted.pairs(24))


def test_a_planted_vector_is_green(speaking: tuple[core.Model, vectors.SteeringVector]) -> None:
    model, _ = speaking
    report, events = green()
    assert report["verdict"] == "green", report["reasons"]
    assert "moves this behaviour: 0 of 999 random" in report["reasons"][0]
    assert {"verdict", "reasons", "layers", "doses", "control", "suggestion"} <= set(report)
    json.dumps(report, allow_nan=False)
    layer = report["layers"]["1"]
    assert layer["d"] > 2
    assert layer["accuracy"] == 1.0
    assert layer["relative_norm"] == pytest.approx(1 / model.residual_norms[1])
    assert [null["class"] for null in report["nulls"]] == ["random", "covariance-matched", "label-shuffled"]
    assert all(null["n"] == 999 and null["p_norm"] <= 0.01 for null in report["nulls"])
    assert report["pairs_moved"] == {"moved": report["n"], "of": report["n"]}
    acts = report["acts_on"]
    assert acts["prompt"] + acts["answer"] == pytest.approx(acts["both"])
    tendency = [row["propensity"] for row in report["doses"]]
    assert tendency == sorted(tendency)
    assert report["doses"][1]["kl"] == 0.0
    assert report["suggestion"] == {
        "layers": [0, 1, 2],
        "unit": report["unit"],
        "scale": report["dose"],
        "split": True,
    }
    assert {event.kind for event in events} >= {"progress", "row", "point", "sample", "end"}


def test_a_random_vector_is_red_and_stops_before_any_dose(
    speaking: tuple[core.Model, vectors.SteeringVector],
) -> None:
    report, events = checked(speaking[0], planted.random(), pairs=planted.pairs(24))
    assert (report["verdict"], report["decided_by"]) == ("red", "ranks")
    assert "random directions do more; doses and texts were not tried" in report["reasons"][0]
    assert (report["doses"], report["suggestion"], report["control"]["n"]) == ([], None, 0)
    assert not any("generated" in event.unit for event in events if isinstance(event, Progress))


def test_a_high_d_that_moves_nothing_is_red() -> None:
    model, vector = planted.mute()
    report, _ = checked(model, vector, pairs=planted.pairs(24))
    assert report["layers"]["1"]["d"] > 2
    assert report["layers"]["1"]["auroc"] == 1.0
    assert (report["verdict"], report["decided_by"]) == ("red", "ranks")


def test_a_vector_that_points_the_other_way_is_amber(
    speaking: tuple[core.Model, vectors.SteeringVector],
) -> None:
    report, _ = checked(speaking[0], -speaking[1], pairs=planted.pairs(24))
    assert report["verdict"] == "amber"
    assert any("sign is reversed" in reason for reason in report["reasons"])
    assert report["suggestion"]["scale"] < 0


def test_the_wrong_model_and_a_single_layer_are_amber(
    speaking: tuple[core.Model, vectors.SteeringVector],
) -> None:
    model, vector = speaking
    axis = vector.directions[1]
    other, _ = checked(model, planted.vector(axis, model_id="maker/Other-7B"), pairs=planted.pairs(24))
    assert (other["verdict"], other["reasons"][0]) == ("amber", "made on maker/Other-7B, this is planted")
    single, _ = checked(model, planted.vector(axis, layers=(1,)), pairs=planted.pairs(24), layers=[1])
    assert (single["verdict"], single["reasons"][0]) == ("amber", "only layer 1 of 4")


def test_without_pairs_at_most_amber(speaking: tuple[core.Model, vectors.SteeringVector]) -> None:
    report, _ = checked(*speaking)
    assert (report["verdict"], report["decided_by"]) == ("amber", "pairs")
    assert "no contrast set" in report["reasons"][0]
    assert report["nulls"] == []
    assert report["control"]["rows"][0]["class"] == "random"


def test_without_gradients_the_spoken_part_at_most_amber(
    speaking: tuple[core.Model, vectors.SteeringVector], monkeypatch: pytest.MonkeyPatch
) -> None:
    config = SimpleNamespace(quant_method="q9x")
    quantiser = SimpleNamespace(is_trainable=False, quantization_config=config)
    monkeypatch.setattr(speaking[0].hf, "is_quantized", True, raising=False)
    monkeypatch.setattr(speaking[0].hf, "hf_quantizer", quantiser, raising=False)
    report, _ = checked(*speaking, pairs=planted.pairs(24))
    assert (report["verdict"], report["decided_by"]) == ("amber", "gradient")
    assert report["reasons"][0].startswith("planted is quantised (q9x): its kernels have no backward pass")
    assert report["nulls"] == []
    assert report["acts_on"] is None
    assert report["pairs_moved"]["moved"] == report["pairs_moved"]["of"] > 0
    assert report["texts"] is not None


def test_own_pairs_are_told_as_such_and_at_most_amber(
    speaking: tuple[core.Model, vectors.SteeringVector],
) -> None:
    report, _ = checked(*speaking, pairs=planted.pairs(24), in_sample=True)
    assert report["in_sample"]
    assert report["verdict"] == "amber"
    assert any("measured on pairs that made the vector" in reason for reason in report["reasons"])


def test_short_answers_are_at_most_amber(speaking: tuple[core.Model, vectors.SteeringVector]) -> None:
    report, _ = checked(*speaking, pairs=planted.pairs(24), max_new=8)
    assert report["verdict"] == "amber"
    assert any("cut after 8 tokens" in reason for reason in report["reasons"])


def test_a_vector_that_does_not_fit_is_refused_before_any_work(
    speaking: tuple[core.Model, vectors.SteeringVector],
) -> None:
    with pytest.raises(vectors.VectorFileError, match="vector 24, model 64"):
        checked(speaking[0], samples.vector())


def test_what_was_measured_makes_natural_units_work_for_an_imported_file(
    speaking: tuple[core.Model, vectors.SteeringVector], tmp_path: Path
) -> None:
    model, vector = speaking
    path = samples.put(
        tmp_path, "theirs.gguf", samples.control_vector({k: v.numpy() for k, v in vector.directions.items()})
    )
    bare = vectors.read(path, model=model)
    assert not bare.gaps
    report, _ = checked(model, bare, pairs=planted.pairs(24))
    known = vectors.read(path, model=model)
    assert known.gaps[1] == pytest.approx(report["layers"]["1"]["gap"])
    assert known.percentile(1, 25) is not None
    assert known.usual[1]
    assert known.suggestion == report["suggestion"]
    assert dict(known.act_norms) == pytest.approx(dict(model.residual_norms))
    assert not vectors.read(path, model=model, measured=False).gaps
    assert not vectors.read(path).gaps
    with core.steered(
        model, core.Mixer([core.Channel(known, scale=1.0, unit="natural", layers=[1], floor="p25")])
    ):
        model.hf(torch.tensor([[100, 101]]))
    Path(report["kept"]).write_text("{")
    assert not vectors.read(path, model=model).gaps


def test_the_measured_suggestion_replaces_the_files_and_red_leaves_it(
    speaking: tuple[core.Model, vectors.SteeringVector], tmp_path: Path
) -> None:
    model, vector = speaking
    hint = {"layers": [2], "unit": "relative", "scale": 9.0, "split": True}
    for name, made, kept in (("good", vector, False), ("bad", planted.random(), True)):
        file = tmp_path / f"{name}.safetensors"
        vectors.SteeringVector(made.directions, about=About(name=name, suggestion=hint)).save(file)
        report, _ = checked(model, vectors.read(file, model=model), pairs=planted.pairs(24))
        found = vectors.read(file, model=model).suggestion
        assert found == (hint if kept else report["suggestion"])


def test_separation_is_that_of_the_judging_half() -> None:
    model, vector = planted.speaking()
    halves = split_halves(planted.pairs(24), 0)
    report, _ = green()
    rows = []
    for pair in (*halves.made, *halves.held):
        for ids in (pair.positive, pair.negative):
            rows.append(float(_state(model, list(ids)) @ vector.directions[1].double()))
    made, held = np.array(rows[:24]), np.array(rows[24:])
    x, y = held[0::2], held[1::2]
    pooled = np.sqrt((np.var(x, ddof=1) + np.var(y, ddof=1)) / 2)
    layer = report["layers"]["1"]
    assert layer["d"] == pytest.approx((x.mean() - y.mean()) / pooled, rel=1e-4)
    midpoint = (made[0::2].mean() + made[1::2].mean()) / 2
    assert layer["accuracy"] == (sum(x > midpoint) + sum(y < midpoint)) / 24
    assert layer["gap"] == pytest.approx(np.mean(rows[0::2]) - np.mean(rows[1::2]), rel=1e-4)


def _state(model: core.Model, ids: list[int]) -> torch.Tensor:
    seen: list[torch.Tensor] = []
    handle = model.layers[1].register_forward_hook(
        lambda _block, _args, out: seen.append((out[0] if isinstance(out, tuple) else out)[0, -1].double())
    )
    with torch.no_grad():
        model.hf(torch.tensor([ids]))
    handle.remove()
    return seen[0]


def test_likelihoods_equal_the_models_own(speaking: tuple[core.Model, vectors.SteeringVector]) -> None:
    model, vector = speaking
    ids = [100, 120, 140, 41, 42]
    with torch.no_grad():
        logs = torch.log_softmax(model.hf(torch.tensor([ids])).logits[0].double(), -1)
    expected = float((logs[2, 41] + logs[3, 42]) / 2)
    assert likelihood.mean_logprob(model, ids, 3) == pytest.approx(expected, abs=1e-5)
    mixer = core.Mixer([core.Channel(vector, scale=2.0, unit="unit", layers=[1, 2])])
    with torch.no_grad(), core.steered(model, mixer):
        pushed = torch.log_softmax(model.hf(torch.tensor([ids])).logits[0].double(), -1)
    steered = float((pushed[2, 41] + pushed[3, 42]) / 2)
    assert likelihood.mean_logprob(model, ids, 3, mixer) == pytest.approx(steered, abs=1e-5)
    words = ClassContinuations(([100, 120],), [41], [61])
    assert words.propensity(model, mixer) == pytest.approx(
        likelihood.mean_logprob(model, [100, 120, 41], 2, mixer)
        - likelihood.mean_logprob(model, [100, 120, 61], 2, mixer)
    )
    assert ClassContinuations(([100],), [41], [41]).propensity(model, mixer) == 0.0


def test_the_command_checks_a_model_on_disk(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model, vector = planted.speaking()
    model.hf.save_pretrained(tmp_path / "planted")
    model.tokenizer.save_pretrained(tmp_path / "planted")
    vector.save(tmp_path / "planted.safetensors")
    words = [
        "check",
        str(tmp_path / "planted.safetensors"),
        "--model",
        str(tmp_path / "planted"),
        "--max-new",
        "2",
    ]
    assert main([*words, "--json", "--layers", "0-2"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["band"] == [0, 1, 2]
    assert {"decided_by", "nulls", "pairs_moved", "kl", "acts_on"} <= set(report)
    lines = list(render_check_report(report))
    assert lines[0] == f"{report['verdict'].upper()}  planted on planted"
    assert "shared over layers 0-2" in lines[-1]
    assert main([*words, "--layers", "9"]) == 4


def test_the_report_shows_ranks_doses_and_advice() -> None:
    lines = list(render_check_report(green()[0]))
    assert lines[0] == "GREEN  planted on planted"
    assert "  999 covariance-matched" in "\n".join(lines)
    assert sum("0.001" in line for line in lines) >= 3
    assert lines[-1].startswith("  try ")


def test_a_home_that_cannot_be_written_costs_no_verdict(
    speaking: tuple[core.Model, vectors.SteeringVector], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    samples.put(tmp_path, "file", b"")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "file"))
    report, _ = checked(*speaking, max_new=2)
    assert report["kept"] is None
    assert report["verdict"]


def test_too_few_pairs_are_refused(speaking: tuple[core.Model, vectors.SteeringVector]) -> None:
    with pytest.raises(core.SteerError, match="needs ≥ 4 pairs"):
        checked(*speaking, pairs=planted.pairs(3))
    assert measured.measurement_path("ab", "cd/..").name == "ab-cd.json"


def test_five_judging_pairs_are_at_most_amber(speaking: tuple[core.Model, vectors.SteeringVector]) -> None:
    report, _ = checked(*speaking, pairs=planted.pairs(9))
    assert report["verdict"] == "amber"
    assert any("too few held-out pairs: 5" in reason for reason in report["reasons"])


def test_the_cards_own_hold_out_judges() -> None:
    pairs = tuple(ContrastPair(f"yes {i}", f"no {i}", "ab"[i % 2]) for i in range(12))
    found = ContrastSet("own", pairs)
    about = About(name="v", dataset_sha256=found.sha256, metrics={"holdout": 0.25, "seed": 3})
    halves = halves_of_set(found, about, 0)
    split = split_pairs([pair.key for pair in pairs], 0.25, 3)
    assert {pair.key for pair in halves.held} == {pairs[i].key for i in split.holdout}
    assert {pair.key for pair in halves.made} == {pairs[i].key for i in split.train}
    assert not halves.in_sample
    for metrics in ({}, {"holdout": 0.0, "seed": 3}):
        unknown = halves_of_set(found, About(name="v", dataset_sha256=found.sha256, metrics=metrics), 0)
        assert unknown.in_sample
    fresh = halves_of_set(found, About(name="v"), 0)
    assert not fresh.in_sample
    assert len(fresh.held) == len(fresh.made) == 6
    assert [pair.domain for pair in fresh.held].count("a") == 3


def test_halves_by_shuffle_hold_both_kinds() -> None:
    """Pirate's first half is of one kind: halves by order gave p = .5."""
    told = [("a story one", "a story two")] * 10
    asked = [
        ([{"role": "user", "content": str(i)}], [{"role": "user", "content": f"x{i}"}]) for i in range(10)
    ]
    halves = split_halves([*told, *asked], 0)
    for half in (halves.made, halves.held):
        assert sum(isinstance(pair.positive, str) for pair in half) == 5


def test_replies_are_scored_after_the_users_message_alone() -> None:
    model = core.load("demo-base")
    sides = [
        [
            {"role": "system", "content": f"You are {who}."},
            {"role": "user", "content": "Help me with the login page."},
            {"role": "assistant", "content": reply},
        ]
        for who, reply in (("a pirate", "Ahoy, matey."), ("an assistant", "Take the profiler."))
    ]
    given, silent = run_steps(judge_pairs(model, [as_pair(sides), as_pair([side[:2] for side in sides])]))
    neutral = model.tokenizer.apply_chat_template(sides[0][1:2], add_generation_prompt=True, tokenize=False)
    for pair in (given, silent):
        assert len(pair.contexts) == 1
        text = model.tokenizer.decode(list(pair.contexts[0]))
        assert "pirate" not in text
        assert text.strip() == neutral.strip() or text.strip() in neutral
    assert "Ahoy" in model.tokenizer.decode(list(given.positive))
    assert given.given
    assert not silent.given
    assert silent.positive != silent.negative


def test_texts_that_share_nothing_are_scored_after_both() -> None:
    model = planted.speaking()[0]
    apart = as_pair(([100, 101, 102], [110, 111, 112]))
    (pair,) = run_steps(judge_pairs(model, [apart]))
    assert pair.contexts == ((100, 101, 102), (110, 111, 112))
    assert sum(weight for _, weight in pair.rows()) == 0
    assert sum(abs(weight) for _, weight in pair.rows()) == 2


@pytest.mark.parametrize("contexts", [1, 2])
def test_controls_are_measured_on_twelve_texts(contexts: int) -> None:
    """A reply that is scored after two contexts is two texts."""
    pairs = [JudgedPair(((1,), (2,))[:contexts], (3,), (4,))] * 10
    assert sum(len(pair.rows()) for pair in control_pairs(pairs)) == 12


def test_halves_are_found_by_name(tmp_path: Path) -> None:
    model = planted.speaking()[0]
    vector = planted.vector(planted.direction())
    assert find_halves(model, vector, None, 0) == (None, "positive")
    file = tmp_path / "planted.safetensors"
    vector.save(file)
    with pytest.raises(core.SteerError, match="no contrast set 'nothing'"):
        check_job(model, {"vector": str(file), "contrast": "nothing"})


def test_an_estimate_says_seconds_and_does_nothing_else(tmp_path: Path) -> None:
    model, vector = planted.speaking()
    file = tmp_path / "planted.safetensors"
    vector.save(file)
    lines = [{"positive": f"{i} yes it is", "negative": f"{i} no it is"} for i in range(12)]
    pairs = samples.put(tmp_path, "own.jsonl", "\n".join(map(json.dumps, lines)).encode())
    asked = {"vector": str(file), "estimate": True}
    ends = [list(run(check_job(model, asked | more)))[-1] for more in ({}, {"contrast": str(pairs)})]
    for end in ends:
        assert isinstance(end, End)
        assert set(end.summary) == {"estimate", "model"}
        assert 0 <= end.summary["estimate"]["seconds_to_ranks"] <= end.summary["estimate"]["seconds"]
        assert next(iter(render_check_report(end.summary))).startswith("about ")


@pytest.mark.slow
def test_more_puts_the_pole_beside_the_vector() -> None:
    *_, end = run(check_job(core.load("demo-base"), {"vector": "pirate", "more": True}))
    assert isinstance(end, End)
    said = end.summary["baseline"]
    assert said["kl"] > 0
    assert said["vector"] > 0
    assert end.summary["capability"] is None
    assert any("as a system prompt" in line for line in render_check_report(end.summary))
    assert any("neighbouring tokens: " in line for line in render_check_report(end.summary))


@pytest.mark.slow
def test_prediction_and_measurement_agree_over_directions_of_all_classes() -> None:
    """At the dose where the vector has a KL of 0.05; r measured .99."""
    model = core.load("demo-base")
    vector = vectors.read("determined-drifting", model=model, measured=False)
    halves, _ = find_halves(model, vector, None, 0)
    assert halves is not None
    halves = fit_halves(model, halves)
    states = run_steps(read_class_states(model, vector, halves))
    pairs = run_steps(judge_pairs(model, halves.held))
    gradient, _ = run_steps(propensity_gradient(model, pairs))
    profile, band = push_profile(vector, model.residual_norms), (5, 6, 7)
    tried = [profile]
    for null in null_classes(states, vector.units, 0):
        tried += [profile.like(null.name, {layer: null.rows(layer)[n] for layer in band}) for n in range(5)]
    predicted = [float(part_slopes(gradient, one.rows, band).sum(axis=1).mean()) for one in tried]
    found = []
    for one in tried:
        below, above = run_steps(half_effects(model, pairs, one, band, 0.4))
        found.append(float(np.mean(half_difference(below, above))) / 0.4)
    assert len(tried) == 16
    assert np.corrcoef(predicted, found)[0, 1] >= 0.85
    assert np.corrcoef(predicted[1:], found[1:])[0, 1] >= 0.85


@pytest.mark.slow
@pytest.mark.parametrize("name", ["determined-drifting", "assistant-persona", "pirate"])
def test_the_demo_models_own_vectors_are_green(name: str) -> None:
    *_, end = run(check_job(core.load("demo-base"), {"vector": name}))
    assert isinstance(end, End)
    assert end.summary["verdict"] == "green", end.summary["reasons"]


@pytest.mark.slow
def test_random_vectors_and_shuffled_labels_are_never_green(tmp_path: Path) -> None:
    """20 random ones, of which at most one is not red, and 20 of halves with swapped labels, true part out."""
    model = core.load("demo-base")
    verdicts = []
    truth = vectors.read("pirate", model=model)
    chance = np.random.default_rng(5)
    about = About(name="null", contrast="pirate")
    for number in range(20):
        rows = {layer: chance.standard_normal(model.hidden_size) for layer in range(model.n_layers)}
        verdicts.append(
            _verdict(model, vectors.SteeringVector(rows, about=about), tmp_path / f"r{number}.safetensors")
        )
    assert "green" not in verdicts
    assert sum(verdict != "red" for verdict in verdicts) <= 1
    shuffled = [
        _verdict(model, vector.orthogonalise(truth), tmp_path / f"s{number}.safetensors")
        for number, vector in enumerate(_shuffled_vectors(model, about))
    ]
    assert "green" not in shuffled


def _shuffled_vectors(model: core.Model, about: About) -> list[vectors.SteeringVector]:
    pairs = vectors.contrast("pirate").pairs[60:120]
    texts = [side for pair in pairs for side in (pair.positive, pair.negative)]
    rows = capture(model, texts).rows
    chance, found = np.random.default_rng(6), []
    for _ in range(20):
        signs = np.ones(len(pairs))
        signs[chance.permutation(len(pairs))[: len(pairs) // 2]] = -1
        found.append(
            vectors.SteeringVector(
                {
                    layer: signs @ (states[0::2] - states[1::2]).double().numpy()
                    for layer, states in rows.items()
                },
                about=about,
            )
        )
    return found


def _verdict(model: core.Model, vector: vectors.SteeringVector, file: Path) -> str:
    vector.save(file)
    *_, end = run(check_job(model, {"vector": str(file)}))
    assert isinstance(end, End)
    return str(end.summary["verdict"])
