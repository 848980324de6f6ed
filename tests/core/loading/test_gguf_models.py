"""GGUF files as models: dequantised on load, refused by name where they are no whole model or would become another."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest
import torch
from transformers import PreTrainedModel

import core
from core.errors import OutOfMemory, UsageError
from core.loading import memory
from core.loading.gguf import model as gguf_model
from core.loading.gguf.reader import LONG, SkippingReader
from core.mixer.mixer import Channel, Mixer
from tests.core import gguf_files, zoo
from tests.core.folders import refusal
from tests.core.reference import vector
from vectors.files.containers import gguf as vector_container

KINDS = ("F32", "F16", "BF16", "Q8_0", "Q4_1", "Q4_0", "Q4_K")
LARGEST_ERROR = {"F16": 0.002, "BF16": 0.02, "Q8_0": 0.03, "Q4_1": 0.35, "Q4_0": 0.4, "Q4_K": 0.35}
"""Standard deviation of the logits' error, in that of the logits."""

IDS = zoo.ids(2, 24)


@cache
def plain() -> PreTrainedModel:
    return gguf_files.tiny_llama()


def logits(hf: Any) -> torch.Tensor:
    with torch.no_grad():
        found: torch.Tensor = hf(IDS).logits
    return found


@pytest.fixture(scope="module")
def tiny_gguf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Only read by the tests."""
    path = tmp_path_factory.mktemp("gguf") / "tiny.gguf"
    gguf_files.write_model(path, plain(), "F16")
    return path


@pytest.mark.parametrize("kind", KINDS)
def test_a_model_of_every_format_computes_what_its_file_holds(tmp_path: Path, kind: str) -> None:
    held = gguf_files.write_model(tmp_path / "m.gguf", plain(), kind)
    model = core.load(tmp_path / "m.gguf")
    torch.testing.assert_close(logits(model.hf), logits(held), atol=1e-4, rtol=1e-4)
    assert (model.name, model.dtype, model.max_context) == ("m.gguf", torch.float32, 512)


@pytest.mark.parametrize("kind", LARGEST_ERROR)
def test_logits_are_within_the_quantisation_s_error_of_the_float_model(tmp_path: Path, kind: str) -> None:
    gguf_files.write_model(tmp_path / "m.gguf", plain(), kind)
    found, wanted = logits(core.load(tmp_path / "m.gguf").hf), logits(plain())
    assert 1e-5 < relative_error(found, wanted) < LARGEST_ERROR[kind]


def test_the_bounds_would_notice_another_model() -> None:
    other = logits(gguf_files.tiny_llama(seed=1))
    assert relative_error(other, logits(plain())) > 2 * max(LARGEST_ERROR.values())


def relative_error(found: torch.Tensor, wanted: torch.Tensor) -> float:
    return ((found - wanted).std() / wanted.std()).item()


def test_a_file_without_an_unembedding_uses_its_embedding(tmp_path: Path) -> None:
    held = gguf_files.write_model(
        tmp_path / "m.gguf", gguf_files.tiny_llama(tie_word_embeddings=True), "Q8_0"
    )
    model = core.load(tmp_path / "m.gguf")
    assert model.hf.get_output_embeddings().weight is model.hf.get_input_embeddings().weight
    torch.testing.assert_close(logits(model.hf), logits(held), atol=1e-4, rtol=1e-4)


def test_the_tokenizer_and_its_chat_template_come_from_the_file(tiny_gguf: Path) -> None:
    tokenizer, ours = core.load(tiny_gguf).tokenizer, zoo.tokenizer()
    text = "The ferry left at noon, 12 times."
    assert tokenizer(text)["input_ids"] == ours(text)["input_ids"]
    chat = [{"role": "user", "content": "Hello"}]
    assert tokenizer.apply_chat_template(chat, tokenize=False) == ours.apply_chat_template(
        chat, tokenize=False
    )


def test_a_gguf_model_is_steered_like_any_other(tiny_gguf: Path) -> None:
    model, push = core.load(tiny_gguf), vector(0, layers=[1], size=gguf_files.WIDTH)
    with core.steered(model, Mixer((Channel(push, 5.0, "unit", layers=[1]),))):
        steered = logits(model.hf)
    other = core.load(tiny_gguf).hf
    other.model.layers[1].register_forward_hook(lambda _module, _args, out: out + 5.0 * push.directions[1])
    torch.testing.assert_close(steered, logits(other), atol=1e-4, rtol=1e-4)
    assert relative_error(steered, logits(model.hf)) > 0.05


def test_loading_is_reported_and_drawn_nowhere(tiny_gguf: Path, capfd: pytest.CaptureFixture[str]) -> None:
    seen = []
    core.load(tiny_gguf, on_progress=lambda *step: seen.append(step))
    unpacked = [(done, total) for stage, done, total in seen if stage == "dequantising"]
    assert unpacked == [(n + 1, 21) for n in range(21)]
    assert {stage for stage, _, _ in seen} == {"dequantising", "weights"}
    assert capfd.readouterr() == ("", "")


def test_the_fingerprint_is_the_content_s_and_not_the_name_s(tiny_gguf: Path, tmp_path: Path) -> None:
    (tmp_path / "copy.gguf").write_bytes(tiny_gguf.read_bytes())
    first = core.load(tiny_gguf).fingerprint
    assert core.load(tmp_path / "copy.gguf").fingerprint == first
    gguf_files.write_model(tmp_path / "copy.gguf", plain(), "Q8_0")
    assert core.load(tmp_path / "copy.gguf").fingerprint != first
    gguf_files.write_model(tmp_path / "copy.gguf", gguf_files.tiny_llama(seed=1), "F16")
    assert core.load(tmp_path / "copy.gguf").fingerprint != first


def test_what_lies_beside_the_file_is_not_read(tiny_gguf: Path, tmp_path: Path) -> None:
    (tmp_path / "m.gguf").write_bytes(tiny_gguf.read_bytes())
    (tmp_path / "tokenizer_config.json").write_text('{"auto_map": {"AutoTokenizer": ["evil.T", null]}}')
    (tmp_path / "chat_template.jinja").write_text("evil")
    os.mkfifo(tmp_path / "special_tokens_map.json")
    assert core.load(tmp_path / "m.gguf").tokenizer.chat_template == zoo.CHAT_TEMPLATE


def test_memory_is_estimated_from_the_header_before_anything_is_read(
    tiny_gguf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "available_bytes", lambda _device: 300_000)
    monkeypatch.setattr(gguf_model, "read_gguf_config", lambda *_: pytest.fail("read"))
    weights = sum(p.numel() for p in plain().parameters())
    sentence = refusal(tiny_gguf, OutOfMemory, dtype="fp32")
    assert sentence.startswith(
        f"tiny.gguf needs about {weights * 4 * 1.05 / 1e6:.2f} MB and 300 kB are free on cpu"
    )


def test_rotary_factors_that_transformers_leaves_out_are_applied(tmp_path: Path) -> None:
    scaling = {"rope_type": "llama3", "rope_theta": 20000.0, "factor": 8.0, "low_freq_factor": 1.0}
    scaling |= {"high_freq_factor": 4.0, "original_max_position_embeddings": 64}
    model = gguf_files.tiny_llama(rope_parameters=scaling)
    # What llama.cpp's converter writes: by which the frequencies of the plain rotation are divided.
    usual = 1.0 / 20000.0 ** (torch.arange(0, 64, 2).double() / 64)
    factors = (usual / model.model.rotary_emb.inv_freq.double()).float().numpy()
    assert factors.min() == pytest.approx(1.0)
    assert factors.max() == pytest.approx(8.0)
    gguf_files.write_model(
        tmp_path / "m.gguf", model, change=lambda writer: writer.add_tensor("rope_freqs.weight", factors)
    )
    found = logits(core.load(tmp_path / "m.gguf").hf)
    torch.testing.assert_close(found, logits(model), atol=1e-4, rtol=1e-4)
    assert relative_error(logits(gguf_files.tiny_llama()), logits(model)) > 0.001


def test_our_reader_differs_from_the_package_s_only_in_long_arrays(tmp_path: Path) -> None:
    def change(writer: gguf.GGUFWriter) -> None:
        writer.add_array("x.texts", ["ab"] * (LONG + 1))
        writer.add_array("x.numbers", list(range(LONG + 1)))
        writer.add_array("x.few", [1, 2, 3])
        writer.add_string("x.after", "the end")

    gguf_files.write_model(tmp_path / "m.gguf", plain(), change=change)
    ours, theirs = SkippingReader(tmp_path / "m.gguf"), gguf.GGUFReader(tmp_path / "m.gguf")
    assert list(ours.fields) == list(theirs.fields)
    assert len(ours.fields["x.texts"].data) == LONG + 1
    for name in ours.fields.keys() - {"x.texts", "x.numbers"}:
        assert ours.fields[name].contents() == theirs.fields[name].contents()
    for one, other in zip(ours.tensors, theirs.tensors, strict=True):
        assert (one.name, one.tensor_type) == (other.name, other.tensor_type)
        assert np.array_equal(one.data, other.data)


def test_a_control_vector_is_no_model(tmp_path: Path) -> None:
    entries = {"general.architecture": "controlvector", "controlvector.model_hint": "llama"}
    data = vector_container.dump(entries, {"direction.1": np.ones(64, np.float32)})
    (tmp_path / "v.gguf").write_bytes(data)
    assert refusal(tmp_path / "v.gguf").endswith(
        "v.gguf is a control vector, not a model: use it with --vector"
    )


@pytest.mark.parametrize("keep", [0, 3, 20, 1000, -100_000, -1])
def test_a_cut_file_is_named(tiny_gguf: Path, tmp_path: Path, keep: int) -> None:
    (tmp_path / "cut.gguf").write_bytes(tiny_gguf.read_bytes()[:keep])
    sentence = refusal(tmp_path / "cut.gguf")
    assert "cut.gguf" in sentence
    assert any(words in sentence for words in ("damaged or truncated", "is no GGUF file"))


def test_a_file_without_a_vocabulary_is_named(tmp_path: Path) -> None:
    gguf_files.write_model(tmp_path / "m.gguf", plain(), vocabulary=False)
    assert "m.gguf has no vocabulary (tokenizer.ggml.tokens)" in refusal(tmp_path / "m.gguf")


def test_a_file_with_nothing_but_a_vocabulary_is_named(tmp_path: Path) -> None:
    writer = gguf.GGUFWriter(tmp_path / "m.gguf", "llama")
    gguf_files.add_metadata(writer, plain().config)
    gguf_files.add_vocabulary(writer, zoo.tokenizer())
    gguf_files.finish(writer)
    assert "m.gguf has no weights: it holds only a vocabulary" in refusal(tmp_path / "m.gguf")


def test_an_architecture_that_transformers_does_not_list_is_named(tmp_path: Path) -> None:
    gguf_files.write_model(tmp_path / "m.gguf", plain(), architecture="plamo9")
    assert "m.gguf cannot be loaded: transformers" in refusal(tmp_path / "m.gguf")
    assert "reads no GGUF files of architecture plamo9" in refusal(tmp_path / "m.gguf")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda w: w.add_type("adapter"), "holds a LoRA adapter, not a model"),
        (lambda w: w.add_type("mmproj"), "holds the projector of a multimodal model, not a model"),
        (lambda w: w.add_uint16("split.count", 3), "is one of 3 parts of a model: join them"),
        (lambda w: w.add_string("llama.rope.scaling.type", "yarn"), "scales its positions (yarn)"),
        (lambda w: w.add_uint32("llama.vision.block_count", 1), None),
    ],
)
def test_what_its_metadata_says_against_it_is_said(tmp_path: Path, change: Any, words: str | None) -> None:
    gguf_files.write_model(tmp_path / "m.gguf", plain(), change=change)
    if words is None:
        assert core.load(tmp_path / "m.gguf").n_layers == 2
    else:
        assert f"m.gguf {words}" in refusal(tmp_path / "m.gguf")


def test_tensors_that_transformers_would_pass_over_are_named(tmp_path: Path) -> None:
    def change(writer: gguf.GGUFWriter) -> None:
        writer.add_tensor("blk.0.attn_q.bias", np.ones(256, np.float32))

    gguf_files.write_model(tmp_path / "m.gguf", plain(), change=change)
    sentence = refusal(tmp_path / "m.gguf")
    assert "transformers has no place for 1 of its tensors (blk.0.attn_q.bias …)" in sentence
    assert core.load(tmp_path / "m.gguf", force=True).n_layers == 2


def test_an_absurd_size_is_refused_before_anything_is_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gguf_model, "build_gguf_blueprint", lambda *_: pytest.fail("built"))
    gguf_files.write_model(tmp_path / "m.gguf", plain(), n_layers=10**9)
    assert "refused before allocating" in refusal(tmp_path / "m.gguf", force=True)


def test_a_gguf_model_is_not_quantised_again(tiny_gguf: Path) -> None:
    assert "leave --quant out" in refusal(tiny_gguf, UsageError, quant="8bit")


@pytest.mark.parametrize("name", ["nowhere.gguf", "models/nowhere.gguf"])
def test_a_file_that_is_not_there_is_not_looked_for_on_the_hub(name: str) -> None:
    assert refusal(name) == f"no file {name}"


def test_a_folder_with_nothing_else_names_its_gguf_file(tiny_gguf: Path, copy: Path) -> None:
    (copy / "model.safetensors").unlink()
    (copy / "m.gguf").write_bytes(tiny_gguf.read_bytes())
    assert refusal(copy) == f"copy has no safetensors weights; name its GGUF file: {copy / 'm.gguf'}"


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.gguf")
    assert "not a regular file" in refusal(tmp_path / "pipe.gguf")
