"""The job from a set to a file: its events, a stop in the middle, two models, the command line, the demo's figures."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest
import torch

import core
import vectors
from core.activations import batches
from core.activations.capture import capture
from core.jobs.job import Artifact, End, Job, JobEvent, Progress, Row
from core.jobs.resume import FinishedTasks
from core.jobs.runner import run
from steertui.cli.main import main
from tests.core import zoo
from vectors.contrasts.catalogue import contrast
from vectors.extraction import states
from vectors.extraction.extract import run_extraction
from vectors.extraction.job import extraction_job, state_folder
from vectors.extraction.material import read_pairs
from vectors.extraction.request import Recipe
from vectors.extraction.result import Extraction
from vectors.texts import replies
from vectors.texts.pair import ContrastPair, ContrastSet
from vectors.texts.replies import reply_ids
from vectors.texts.tokenized import tokenize_text


@pytest.fixture(scope="module")
def base() -> core.Model:
    return core.load("demo-base")


def asked(out: Path, **more: Any) -> dict[str, Any]:
    return {"contrast": "determined-drifting", "out": str(out), "suggest": False, "layers": "3-6"} | more


def test_events_tell_the_story(base: core.Model, tmp_path: Path) -> None:
    out = tmp_path / "v.safetensors"
    events = list(run(extraction_job(base, asked(out))))
    rows = {event.key: event.values for event in events if isinstance(event, Row)}
    assert set(rows) == {"3", "4", "5", "6"}
    assert any(isinstance(event, Progress) and event.unit == "texts read" for event in events)
    artifact = next(event for event in events if isinstance(event, Artifact))
    assert artifact.path == str(out)
    end = events[-1]
    assert isinstance(end, End)
    assert end.status == "done"
    vector = vectors.read(out, model=base)
    assert end.summary["sha256"] == vector.sha256
    assert vector.about.contrast == "determined-drifting"
    assert vector.about.dataset_sha256 == contrast("determined-drifting").sha256
    assert vector.card.about.sign_note == "+ = determined, − = drifting"
    assert not state_folder(asked(out), contrast("determined-drifting")).exists(), (
        "states do not outlive the job"
    )
    json.dumps([event.to_json() for event in events], allow_nan=False)


def test_a_stopped_job_goes_on_to_the_same_bytes(base: core.Model, tmp_path: Path) -> None:
    whole, resumed = tmp_path / "whole.safetensors", tmp_path / "resumed.safetensors"
    params = asked(resumed, name="same", batch_tokens=2048)
    list(run(extraction_job(base, asked(whole, name="same", batch_tokens=2048))))
    cancel, seen = threading.Event(), 0
    events = []
    for event in run(extraction_job(base, params), cancel=cancel):
        events.append(event)
        if isinstance(event, Progress) and event.unit == "texts read":
            seen = event.done
            if event.done > 150:
                cancel.set()
    assert isinstance(events[-1], End)
    assert events[-1].status == "cancelled"
    assert not resumed.exists()
    first = next(e for e in run(extraction_job(base, params)) if isinstance(e, Progress))
    assert first.done > seen, "what was read is not read again"
    list(run(extraction_job(base, params)))
    assert resumed.read_bytes() == whole.read_bytes()


def test_a_batch_cut_short_is_read_again() -> None:
    lengths = [9, 5, 5, 3, 2]
    assert batches.by_length(lengths) == [0, 1, 2, 3, 4]
    assert states._whole_batches(lengths, 10, {0, 1, 2, 3}) == {0, 1, 2}
    assert states._whole_batches(lengths, 10, {1, 2}) == set()
    assert states._whole_batches(lengths, 10, {0, 1, 2, 3, 4}) == {0, 1, 2, 3, 4}


def test_the_starter_vector_comes_out_again(base: core.Model) -> None:
    """Made by an independent script from pairs of its own: same direction, and the quality its report states."""
    for name in ("determined-drifting", "pirate"):
        found = vectors.extract(base, contrast(name), suggest=False)
        starter = vectors.read(name, model=base)
        for layer in starter.layers[2:]:
            assert float(found.vector.directions[layer] @ starter.directions[layer]) > 0.97


def test_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "v.gguf"
    words = ["extract", "--contrast", "pirate", "--model", "demo-base", "--layers", "5-7", "--no-dose"]
    assert main([*words, "--out", str(out), "--json", "--vector", "pirate"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert {"vector", "sha256", "layers", "consistency", "best_layer"} <= set(report)
    promised = {"d", "d_ci", "accuracy", "accuracy_ci", "auroc", "sign_accuracy", "n_holdout", "norm"}
    assert promised <= set(report["layers"]["5"])
    assert report["alignment"]["verdict"] == "strong"
    assert out.stat().st_size > 1000
    plot = tmp_path / "curves.svg"
    assert main([*words, "--out", str(out), "--plot", str(plot)]) == 0
    shown = capsys.readouterr()
    assert "← best" in shown.out
    assert "held-out d  max" in shown.out, "the curves by layer"
    assert f"drawn in {plot}" in shown.out
    assert "accuracy at the midpoint" in plot.read_text(encoding="utf-8")
    assert "+ pirate:" in shown.err, "the first pair is shown before anything runs"
    assert main([*words, "--out", str(out), "--plot", "curves.gif"]) == 2
    assert "a plot is written as .png or .svg" in capsys.readouterr().err


def test_the_command_line_with_two_models(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "shift.safetensors"
    words = [
        "extract",
        "--contrast",
        "pirate",
        "--model",
        "demo-base",
        "--tuned",
        "demo-instruct",
        "--no-dose",
    ]
    assert main([*words, "--layers", "6", "--out", str(out), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["n_effective"] > 300
    assert "demo-instruct − demo-base" in vectors.read(out).about.source


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ('{"positive": "a", "negative": "b"}\n', "needs ≥ 2 pairs"),
        (
            '{"positive": "a", "negative": "b"}\n' * 3 + '{"positive": "c", "negative": "c"}\n',
            "pair 4 identical",
        ),
        (
            '{"question": "?", "answer_matching_behavior": " (A)", "answer_not_matching_behavior": " (A)"}\n'
            * 2,
            "pair 1 identical",
        ),
        (
            '{"question": "?", "answer_matching_behavior": "No", "answer_not_matching_behavior": "No lute"}\n'
            * 2,
            "pair 1: answers share first token",
        ),
    ],
)
def test_bad_pairs_end_with_four(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str, sentence: str
) -> None:
    file = tmp_path / "pairs.jsonl"
    file.write_text(content)
    words = [
        "extract",
        "--contrast",
        str(file),
        "--model",
        "demo-base",
        "--out",
        str(tmp_path / "v.safetensors"),
    ]
    assert main([*words, "--json"]) == 4
    assert sentence in json.loads(capsys.readouterr().out)["error"]


def test_replies_are_generated_once_and_read(
    base: core.Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = [{"role": "user", "content": "Help me with the parser."}]
    told = [{"role": "user", "content": "Tell me about the kitten."}]
    contrasted = ContrastSet("asked", (ContrastPair(asked, told), ContrastPair([*told, *asked], told)))
    recipe = Recipe(read="response-mean", reply_tokens=4, layers=(5,), suggest=False)
    steps = FinishedTasks(tmp_path / "steps.jsonl")
    found: list[Extraction] = []

    def work() -> Job:
        reading = read_pairs(base, contrasted, recipe)
        found.append((yield from run_extraction(base, contrasted, recipe, reading))[0])
        return {}

    list(run(work(), finished=steps))
    assert len(steps) == 4
    with monkeypatch.context() as patched:
        patched.setattr(replies, "_reply_of", lambda *_: pytest.fail("this reply was there already"))
        list(run(work(), finished=FinishedTasks(tmp_path / "steps.jsonl")))
    assert found[0].vector == found[1].vector
    means = []
    for text in (asked, told, [*told, *asked], told):
        ids = tokenize_text(base, text).ids
        reply = reply_ids(base, ids, 4)
        where = [(len(ids), len(ids) + len(reply))]
        means.append(capture(base, [[*ids, *reply]], layers=[5], read=where).rows[5][0])
    expected = (means[0] - means[1] + means[2] - means[3]) / 2
    raw = found[0].vector.directions[5] * found[0].vector.norms[5]
    assert torch.allclose(raw, expected, rtol=1e-3, atol=1e-4 * float(expected.norm()))
    assert found[0].vector.about.read == "response-mean"


def test_an_adapter_is_compared_on_and_off(tmp_path: Path) -> None:
    peft = pytest.importorskip("peft")
    hf = zoo.build("llama")
    config = peft.LoraConfig(r=2, target_modules=["down_proj"], layers_to_transform=[2])
    adapted = peft.get_peft_model(zoo.build("llama"), config)
    with torch.no_grad():
        for name, weight in adapted.named_parameters():
            if "lora" in name:
                weight.normal_(generator=torch.Generator().manual_seed(len(name)))
    adapted.save_pretrained(tmp_path / "lora")
    folder = tmp_path / "model"
    hf.save_pretrained(folder)
    zoo.tokenizer().save_pretrained(folder)
    texts = tmp_path / "prompts.jsonl"
    texts.write_text("".join(json.dumps({"prompt": f"the way number {n}"}) + "\n" for n in range(8)))
    out = tmp_path / "v.safetensors"
    model = core.load(folder)
    params = {"contrast": str(texts), "out": str(out), "suggest": False, "tuned": str(tmp_path / "lora")}
    events: list[JobEvent] = list(run(extraction_job(model, params)))
    end = events[-1]
    assert isinstance(end, End)
    assert list(end.summary["layers"]) == ["2", "3"], "the blocks below the adapter are the same"
