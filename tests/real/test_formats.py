"""A vector of the real model in every format steers as before; a vector of another size is refused everywhere."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

import core
import vectors
from core.mixer.mixer import Channel, Mixer
from steertui.cli import main

FORMATS = {
    "native": "v.safetensors",
    "gguf": "v.gguf",
    "gguf-llamacpp": "w.gguf",
    "pt-dict": "v.pt",
    "persona": "p.pt",
    "axis": "a.pt",
    "svec": "v.svec",
}


def logits(model: core.Model, vector: vectors.SteeringVector) -> torch.Tensor:
    ids = torch.tensor([model.tokenizer("My dog died yesterday.")["input_ids"]])
    with (
        torch.no_grad(),
        core.steered(model, Mixer((Channel(vector, 1.2, "raw", layers=range(14, 20), split=True),))),
    ):
        found: torch.Tensor = model.hf(ids).logits
    return found


@pytest.mark.parametrize("form", FORMATS)
def test_a_converted_vector_steers_as_before(
    form: str,
    persona_file: Path,
    smollm2_model: core.Model,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / FORMATS[form]
    assert main.main(["convert", str(persona_file), str(out), "--to", form, "--model", "smollm2"]) == 0
    capsys.readouterr()
    before, after = vectors.read(persona_file), vectors.read(out)
    for layer in range(14, 20):
        row = torch.as_tensor(after.directions[layer]) * after.norms[layer]
        expected = torch.as_tensor(before.directions[layer]) * before.norms[layer]
        torch.testing.assert_close(row, expected, atol=1e-4, rtol=1e-3)
    torch.testing.assert_close(logits(smollm2_model, after), logits(smollm2_model, before), atol=5e-3, rtol=0)


def test_the_comparison_of_formats_would_notice_a_shifted_layer(
    persona_file: Path, smollm2_model: core.Model
) -> None:
    vector = vectors.read(persona_file)
    shifted = vectors.SteeringVector(
        {layer + 1: torch.as_tensor(vector.directions[layer]) * vector.norms[layer] for layer in range(29)}
    )
    assert (logits(smollm2_model, shifted) - logits(smollm2_model, vector)).abs().max() > 0.05


@pytest.mark.parametrize(
    "words",
    [
        ["say", "hello", "--model", "smollm2", "--vector", "pirate:1", "--max-new", "2"],
        ["check", "pirate", "--model", "smollm2"],
    ],
)
def test_a_vector_of_another_size_is_refused_with_both_sizes(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.main(words) in (2, 4)
    err = capsys.readouterr().err
    assert "96" in err
    assert "576" in err
    assert err.startswith("steertui: ")
    assert err.count("\n") == 1


def test_a_vector_of_the_real_model_is_in_the_library_with_its_card(
    persona_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.main(["library", "add", str(persona_file), "--name", "mine"]) == 0
    capsys.readouterr()
    assert main.main(["card", "mine", "--json"]) == 0
    card = json.loads(capsys.readouterr().out)
    assert (card["hidden_size"], len(card["layers"])) == (576, 30)
    assert vectors.read("mine").sha256 == vectors.read(persona_file).sha256
