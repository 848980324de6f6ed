"""Many answers on a real model: thirty prompts of 5 to 120 tokens in lanes say what each says alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

import core
import vectors
from bench.many_answers import answers, compare
from core.generation.batch.lane_answer import LaneRequest
from core.generation.batch.lane_batch import LaneBatch
from core.generation.batch.lane_support import why_alone
from core.generation.batch.one_by_one import OneByOne
from core.generation.sampling import TokenSampler
from core.mixer.mixer import Channel, Mixer
from steertui.cli import main

pytestmark = pytest.mark.real
TEXT = (
    "The ferry left the harbour at noon, and the gulls followed it over the grey water until the lighthouse was a "
    "white thread. On deck a woman counted her coins twice, wrote the sum in a small ledger and looked at the sky. "
) * 4
LENGTHS = [round(5 + 115 * k / 29) for k in range(30)]


@pytest.fixture(scope="module")
def push(smollm2_model: core.Model) -> vectors.SteeringVector:
    generator = torch.Generator().manual_seed(3)
    rows = {layer: torch.randn(smollm2_model.hidden_size, generator=generator) for layer in range(10, 20)}
    return vectors.SteeringVector(rows)


def requests(model: core.Model, mixers: list[Mixer], new: int) -> dict[int, LaneRequest]:
    ids = model.tokenizer(TEXT)["input_ids"]
    return {
        k: LaneRequest(tuple(ids[k : k + n]), mixers[k % len(mixers)], max_new_tokens=new)
        for k, n in enumerate(LENGTHS)
    }


def test_lanes_are_taken(smollm2_model: core.Model) -> None:
    assert why_alone(smollm2_model, requests(smollm2_model, [Mixer()], 8)[0]) == ""


def test_thirty_texts_are_those_of_single_runs(
    smollm2_model: core.Model, push: vectors.SteeringVector
) -> None:
    pushed = Mixer((Channel(push, 0.6, layers=range(10, 20), split=True),))
    capped = Mixer((Channel(push, 0.0, layers=(15,), ceiling=0.0),))
    asked = requests(smollm2_model, [Mixer(), pushed, pushed.dosed(-1.0), capped], 40)
    in_lanes = answers(LaneBatch(smollm2_model, asked, 30))
    alone = answers(OneByOne(smollm2_model, asked))
    ties, wrong = compare(smollm2_model, asked, in_lanes, alone)
    equal = [k for k in asked if in_lanes[k].text == alone[k].text]
    print(f"{len(equal)} of 30 texts equal, {ties} differ first at a near tie")
    assert wrong == 0
    assert len(equal) == 30 - ties >= 27
    assert [in_lanes[k].stop_reason for k in equal] == [alone[k].stop_reason for k in equal]
    assert (
        in_lanes[1].text
        != answers(OneByOne(smollm2_model, {1: LaneRequest(asked[1].ids, max_new_tokens=40)}))[1].text
    )


def test_sampled_texts_do_not_depend_on_the_number_of_lanes(smollm2_model: core.Model) -> None:
    ids = smollm2_model.tokenizer(TEXT)["input_ids"]
    asked = {
        k: LaneRequest(tuple(ids[: 5 + 9 * k]), Mixer(), TokenSampler(temperature=0.8, seed=k), (), 20)
        for k in range(8)
    }
    some, others = answers(LaneBatch(smollm2_model, asked, 8)), answers(LaneBatch(smollm2_model, asked, 3))
    assert sum(some[k].text == others[k].text for k in asked) >= 7


def test_doses_are_answered_in_one_command(
    push: vectors.SteeringVector, smollm2: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "push.safetensors"
    push.save(file)
    words = [
        "say",
        "What is rain?",
        "--model",
        "smollm2",
        "--vector",
        f"{file}:0.5",
        "--max-new",
        "24",
        "--own",
    ]
    assert main.main([*words, "--split", "--doses", "-2,-1,0,1,2", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["answers"]
    assert [row["dose"] for row in rows] == [-2, -1, 0, 1, 2]
    assert len({row["text"] for row in rows}) >= 4
    assert main.main(["say", "What is rain?", "--model", str(smollm2), "--max-new", "24", "--own"]) == 0
    assert capsys.readouterr().out.strip() == rows[2]["text"].strip()
