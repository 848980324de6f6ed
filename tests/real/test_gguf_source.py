"""SmolLM2 as a GGUF file: the same model as its folder."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

import core
from core.model.residual_norms import TEXT
from tests.core import gguf_files
from vectors.data.model_shape import shape_of_gguf


@pytest.fixture(scope="module")
def smollm2_gguf(smollm2_model: core.Model, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder's weights, which are bfloat16, in a file of that format."""
    path = tmp_path_factory.mktemp("gguf") / "smollm2.gguf"
    gguf_files.write_model(path, smollm2_model.hf, "BF16", tokenizer=smollm2_model.tokenizer)
    return path


@pytest.fixture(scope="module")
def gguf_model(smollm2_gguf: Path, shared_folders: None) -> core.Model:
    return core.load(smollm2_gguf, device="cpu")


def test_its_logits_are_those_of_the_folder(gguf_model: core.Model, smollm2_model: core.Model) -> None:
    ids = torch.tensor([smollm2_model.tokenizer(TEXT)["input_ids"]])
    with torch.no_grad():
        torch.testing.assert_close(gguf_model.hf(ids).logits, smollm2_model.hf(ids).logits, atol=1e-4, rtol=0)
    assert gguf_model.name == "smollm2.gguf"
    assert gguf_model.fingerprint != smollm2_model.fingerprint


def test_its_tokenizer_is_that_of_the_folder(gguf_model: core.Model, smollm2_model: core.Model) -> None:
    one, other = gguf_model.tokenizer, smollm2_model.tokenizer
    for text in (TEXT, "In 2024: 3.50 € für 17 Äpfel, naïve 日本語 🙂", "<|im_start|>user\nHi<|im_end|>\n"):
        assert one(text)["input_ids"] == other(text)["input_ids"]
    assert one.chat_template == other.chat_template


def test_its_shape_is_read_without_loading(smollm2_gguf: Path) -> None:
    shape = shape_of_gguf(smollm2_gguf)
    assert (shape.name, shape.n_layers, shape.hidden_size, shape.model_type) == (
        "smollm2.gguf",
        30,
        576,
        "llama",
    )


def test_it_answers_like_the_folder(gguf_model: core.Model) -> None:
    text = "".join(
        step.text for step in core.stream(gguf_model, "What is the capital of France?", max_new_tokens=16)
    )
    assert text == "The capital of France is Paris."
