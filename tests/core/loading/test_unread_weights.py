"""Weights that the model has no place for: left out in silence, they would make it another model."""

import json

import pytest
import torch
from safetensors.torch import load_file, save_file

import core
from tests.core import families, zoo
from tests.core.folders import quantise_fp8, refusal, rewrite


def add_weights(folder, **more):
    file = folder / "model.safetensors"
    save_file({**load_file(file), **more}, file, metadata={"format": "pt"})


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_an_fp8_folder_is_the_model_it_was_made_from(copy, dtype):
    quantise_fp8(copy)
    model = core.load(copy, dtype=dtype, device="cpu")
    with torch.no_grad():
        wanted, got = (hf(zoo.ids(1, 12)).logits.float() for hf in (zoo.build("llama"), model.hf))
    assert 1e-4 < float((got - wanted).norm() / wanted.norm()) < 0.1
    for (name, got), (_, kept) in zip(
        sorted(model.hf.named_parameters()), sorted(zoo.build("llama").named_parameters()), strict=True
    ):
        assert float((got.float() - kept).detach().norm() / kept.detach().norm()) < 0.03, name
    assert {p.dtype for p in model.hf.parameters()} == {getattr(torch, dtype)}


def test_what_has_to_stay_in_float32_stays_so(tmp_path):
    """Routing by a rounded bias would choose other experts; which weights these are, transformers knows."""
    families.build("deepseek_v3").save_pretrained(tmp_path)
    hf = core.load(tmp_path, dtype="bfloat16", device="cpu").hf
    kept = {name: each.dtype for name, each in hf.state_dict().items() if "e_score_correction_bias" in name}
    assert kept
    assert set(kept.values()) == {torch.float32}
    assert hf.get_input_embeddings().weight.dtype == torch.bfloat16


def test_scales_without_the_rule_for_them_are_refused_even_when_forced(copy):
    """The weights would be fifty times too large."""
    quantise_fp8(copy)
    config = json.loads((copy / "config.json").read_text())
    del config["quantization_config"]
    (copy / "config.json").write_text(json.dumps(config))
    assert "leaves out 28 of its scales (model.layers.0.mlp.down_proj.weight_scale_inv" in refusal(copy)
    assert "leaves out 28 of its scales" in refusal(copy, force=True)


@pytest.mark.parametrize(
    "name",
    [
        "model.layers.1.self_attn.q_proj.bias",
        "model.layers.0.self_attn.q_norm.weight",
        "model.layers.4.mlp.up_proj.weight",
        "model.embed_norm.weight",
        "lm_head.bias",
    ],
)
def test_what_would_be_another_model_is_refused(copy, name):
    add_weights(copy, **{name: torch.ones(4)})
    sentence = refusal(copy)
    assert f"1 of its weights have no place in a LlamaForCausalLM ({name} …)" in sentence
    assert "--force" in sentence
    assert core.load(copy, force=True).n_layers == zoo.LAYERS


@pytest.mark.parametrize(
    "name",
    [
        "model.layers.0.self_attn.rotary_emb.inv_freq",
        "model.layers.0.self_attn.masked_bias",
        "model.layers.0.self_attn.k_scale",
        "mtp.layers.0.mlp.up_proj.weight",
        "mtp.layers.0.mlp.up_proj.weight_scale_inv",
        "score.weight",
        "model.visual.blocks.0.norm.weight",
    ],
)
def test_buffers_other_heads_and_towers_may_be_left_out(copy, name):
    add_weights(copy, **{name: torch.ones(4)})
    assert core.load(copy).n_layers == zoo.LAYERS


def test_a_layer_for_further_tokens_is_known_by_the_configuration(copy):
    add_weights(copy, **{"model.layers.4.eh_proj.weight": torch.ones(4)})
    assert "no place" in refusal(copy)
    rewrite(copy, num_nextn_predict_layers=1)
    assert core.load(copy).n_layers == zoo.LAYERS
