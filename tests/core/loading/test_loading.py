import json

import pytest
import torch

import core
from core.errors import ModelError, OutOfMemory, UsageError
from core.loading import memory, placement
from core.loading.safetensors_header import read_header
from tests.core import zoo
from tests.core.folders import refusal, rewrite


def test_a_folder_loads_as_the_model_that_was_saved(saved):
    seen = []
    model = core.load(saved, on_progress=lambda *step: seen.append(step))
    ids = zoo.ids(1, 12)
    assert torch.equal(model.hf(ids).logits, zoo.build("llama")(ids).logits)
    assert (model.name, model.dtype, model.max_context) == ("small", torch.float32, 512)
    assert not any(weight.requires_grad for weight in model.hf.parameters())
    assert model.tokenizer("Hello")["input_ids"] == zoo.tokenizer()("Hello")["input_ids"]
    assert [done for stage, done, _ in seen] == list(range(1, seen[-1][2] + 1))
    assert seen[-1][0] == "weights"


def test_dtype_is_float32_on_a_cpu_and_as_asked_otherwise(saved):
    assert core.load(saved, dtype="bf16").dtype == torch.bfloat16
    assert placement.choose_placement(device="cpu").dtype == torch.float32
    assert placement.choose_placement(dtype="bfloat16", device="cpu").dtype == torch.bfloat16


def test_the_fingerprint_is_the_folder_s_and_not_the_precision_s(saved, copy):
    assert core.load(saved).fingerprint == core.load(copy, dtype="bf16").fingerprint
    zoo.build("llama", seed=1).save_pretrained(copy)
    assert core.load(saved).fingerprint != core.load(copy).fingerprint


def test_a_folder_without_a_tokenizer_loads_without_one(saved, copy):
    for file in copy.glob("tokenizer*"):
        file.unlink()
    assert core.load(copy).tokenizer is None


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_an_adapter_is_added_switched_off_and_on(saved, tmp_path):
    peft = pytest.importorskip("peft")
    torch.manual_seed(0)
    settings = peft.LoraConfig(r=2, target_modules=["q_proj"], init_lora_weights=False)
    peft.get_peft_model(zoo.build("llama"), settings).save_pretrained(tmp_path / "lora")
    ids = zoo.ids(1, 8)
    plain = core.load(saved)
    model = core.load(saved, adapter=tmp_path / "lora")
    tuned = model.hf(ids).logits
    assert not torch.allclose(tuned, plain.hf(ids).logits, atol=1e-3)
    model.use_adapter(False)
    assert torch.equal(model.hf(ids).logits, plain.hf(ids).logits)
    model.use_adapter(True)
    assert torch.equal(model.hf(ids).logits, tuned)
    assert model.fingerprint != plain.fingerprint
    with pytest.raises(UsageError, match="no adapter"):
        plain.use_adapter(True)


def test_what_is_no_adapter_is_refused(saved, tmp_path):
    assert "no PEFT adapter" in refusal(saved, adapter=tmp_path)


def test_a_model_larger_than_free_memory_is_refused_with_both_numbers(saved, monkeypatch):
    monkeypatch.setattr(memory, "available_bytes", lambda _device: 300_000)
    sentence = refusal(saved, OutOfMemory, dtype="fp32")
    assert sentence.startswith("small needs about 680 kB and 300 kB are free on cpu")
    assert "--force" in sentence
    assert core.load(saved, force=True).n_layers == zoo.LAYERS


@pytest.mark.parametrize(("quant", "expected"), [(None, 4.0), ("8bit", 1.1), ("4bit", 0.6)])
def test_the_estimate_counts_what_quantisation_leaves_alone(quant, expected):
    hf = zoo.build("llama")
    linear = sum(p.numel() for n, p in hf.named_parameters() if "proj" in n)
    others = sum(p.numel() for n, p in hf.named_parameters() if "proj" not in n)
    assert memory.blueprint_bytes(hf, quant) == pytest.approx(linear * expected + others * 4, rel=1e-4)


def test_the_header_s_estimate_is_the_size_of_the_tensors(saved):
    stored = sum(p.numel() * 4 for p in zoo.build("llama").parameters())
    assert memory.stored_bytes([saved / "model.safetensors"]) == stored
    assert memory.available_bytes(torch.device("cpu")) > 2**20


@pytest.mark.parametrize("keep", [0, 5, 200, -100])
def test_a_truncated_weight_file_is_named(copy, keep):
    file = copy / "model.safetensors"
    file.write_bytes(file.read_bytes()[:keep])
    assert "model.safetensors" in refusal(copy)


def test_a_garbled_header_is_named(copy):
    file = copy / "model.safetensors"
    content = bytearray(file.read_bytes())
    content[8:40] = b"\xff" * 32
    file.write_bytes(content)
    assert "header is not valid" in refusal(copy)


@pytest.mark.parametrize(
    "change",
    [
        {"data_offsets": ["a", 8]},
        {"data_offsets": [-8, 8]},
        {"data_offsets": [8, 0]},
        {"data_offsets": [0, 4, 8]},
        {"dtype": None},
        {"shape": 2},
        {"shape": ["2"]},
    ],
)
def test_a_header_s_entry_that_is_no_tensor_is_refused(tmp_path, change):
    entry = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]} | change
    text = json.dumps(
        {"whole": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}, "odd": entry}
    ).encode()
    file = tmp_path / "model.safetensors"
    file.write_bytes(len(text).to_bytes(8, "little") + text + bytes(8))
    with pytest.raises(ModelError, match="header is not valid"):
        read_header(file)


def test_weights_that_would_stay_random_are_refused(copy):
    rewrite(copy, num_hidden_layers=5)
    assert "lacks 9 of the model's weights (model.layers.4" in refusal(copy)


def test_weights_of_another_shape_are_refused(copy):
    rewrite(copy, intermediate_size=80)
    assert "do not have the shapes that its configuration describes" in refusal(copy)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"model_type": "flurb"}, "does not know its architecture"),
        ({"model_type": "clip"}, "no causal language model"),
        ({"num_attention_heads": 0}, "cannot be loaded"),
    ],
)
def test_a_folder_transformers_cannot_use_gets_one_sentence(copy, change, words):
    rewrite(copy, **change)
    assert words in refusal(copy)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"dtype": "int3"}, "dtype must be"),
        ({"quant": "3bit"}, "quantisation must be"),
        ({"device": "toaster"}, "no such device"),
        ({"device": "cuda:77"}, f"(CUDA devices found: {torch.cuda.device_count()})"),
        ({"device": "cpu", "device_map": "auto"}, "not both"),
    ],
)
def test_options_that_cannot_be_meant(saved, options, words):
    assert words in refusal(saved, UsageError, **options)


def test_a_device_map_is_passed_on(saved):
    model = core.load(saved, device_map="auto", dtype="fp32")
    assert model.n_layers == zoo.LAYERS
    assert torch.equal(model.hf(zoo.ids(1, 5)).logits, zoo.build("llama")(zoo.ids(1, 5)).logits)
