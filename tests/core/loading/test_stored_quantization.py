"""What a quantised folder will need is known before its weights are read."""

import pytest
import torch
from transformers import Gemma3Config, Gemma3ForConditionalGeneration

import core
from core.errors import OutOfMemory, UsageError
from core.loading import memory, pretrained
from core.loading.placement import Placement, choose_placement
from core.loading.stored_quantization import StoredQuantization, read_quantization, stored_entry
from tests.core import zoo
from tests.core.folders import quantise_fp8, refusal, rewrite

CPU = choose_placement(device="cpu")


def test_a_dequantised_folder_needs_the_memory_of_the_whole_model(copy, monkeypatch):
    """In float32 four times what its matrices take on the disk."""
    quantise_fp8(copy)
    monkeypatch.setattr(memory, "available_bytes", lambda _device: 600_000)
    monkeypatch.setattr(pretrained, "read_model", lambda *_given, **_more: pytest.fail("read"))
    sentence = "copy, stored as fp8 and dequantised while loading, needs about 680 kB and 600 kB are free"
    assert sentence in refusal(copy, OutOfMemory, device="cpu")
    assert memory.stored_bytes([copy / "model.safetensors"]) < 300_000


def test_it_says_what_it_is_and_what_it_takes(copy):
    """Before its weights are read, and afterwards."""
    quantise_fp8(copy)
    told = []
    model = core.load(copy, device="cpu", on_progress=lambda stage, *_: told.append(stage))
    assert told[0] == "stored as fp8 and dequantised while loading: 647 kB"
    assert told[1] == "weights"
    assert model.warnings == ("copy is stored as fp8 and was dequantised: it takes 647 kB",)


def test_what_this_machine_cannot_load_is_refused_before_reading(copy):
    rewrite(copy, quantization_config={"quant_method": "awq", "bits": 4, "group_size": 128})
    assert "copy is quantised (awq) and cannot be loaded here: " in refusal(copy, device="cpu")
    rewrite(copy, quantization_config={"quant_method": "q9x"})
    assert "copy is quantised (q9x)" in refusal(copy, device="cpu")


def test_a_folder_is_not_quantised_twice(copy):
    quantise_fp8(copy)
    assert "is quantised already (fp8): leave --quant out" in refusal(copy, UsageError, quant="4bit")


def test_a_plain_folder_has_no_entry_and_a_text_tower_s_counts(copy):
    assert read_quantization(copy, {}, CPU) is None
    assert stored_entry({"text_config": {"quantization_config": {"quant_method": "fp8"}}}) == {
        "quant_method": "fp8"
    }
    quantise_fp8(copy)
    found = read_quantization(copy, {"quantization_config": {"quant_method": "fp8"}}, CPU)
    assert found == StoredQuantization("fp8", dequantises=True)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, None])
def test_dequantised_weights_have_one_number_format(copy, dtype):
    """Without a wish of the user it is the folder's own, as on a GPU."""
    quantise_fp8(copy)
    hf = pretrained.read_model(copy, Placement(dtype, torch.device("cpu")), dequantises=True)
    assert {weight.dtype for weight in hf.parameters()} == {dtype or torch.float32}
    assert hf(input_ids=torch.tensor([[1, 2, 3]])).logits.dtype == (dtype or torch.float32)


@pytest.fixture
def pictures(tmp_path):
    vision = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
    config = Gemma3Config(
        text_config=zoo.ARCHITECTURES["gemma3"]().to_dict(),
        vision_config={**vision, "image_size": 16, "patch_size": 8},
        mm_tokens_per_image=4,
    )
    torch.manual_seed(0)
    Gemma3ForConditionalGeneration(config).save_pretrained(tmp_path / "pictures")
    return tmp_path / "pictures"


def test_the_towers_of_a_picture_model_are_counted_and_named(pictures, monkeypatch):
    model = core.load(pictures, device="cpu")
    towers = sum(
        p.nbytes
        for name, p in model.hf.named_parameters()
        if "language_model" not in name and "lm_head" not in name
    )
    assert memory.tower_bytes(model.hf) == towers > 0
    (words,) = model.warnings
    assert words.startswith("pictures has towers for pictures or sound, unused here: they take ")
    monkeypatch.setattr(memory, "available_bytes", lambda _device: 300_000)
    assert " of it for pictures and sound) and 300 kB are free" in refusal(
        pictures, OutOfMemory, device="cpu"
    )
