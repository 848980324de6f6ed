from types import SimpleNamespace

import pytest
import torch
from accelerate import cpu_offload
from torch import nn
from transformers import Gemma3Config, Gemma3ForConditionalGeneration

import core
from core.errors import ModelError
from core.model.anatomy import find_blocks, find_parts
from tests.core import zoo


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=["fp32", "bf16"])
@pytest.mark.parametrize("name", zoo.ARCHITECTURES)
def test_every_architecture_is_found_and_proven(name, dtype):
    model = core.adopt(zoo.build(name, dtype=dtype), zoo.tokenizer())
    anatomy = model.anatomy
    assert (model.n_layers, model.hidden_size) == (zoo.LAYERS, zoo.HIDDEN)
    assert (
        "layer" in type(model.layers[0]).__name__.lower() or "block" in type(model.layers[0]).__name__.lower()
    )
    assert "norm" in type(anatomy.final_norm).__name__.lower()
    assert anatomy.unembedding.weight.shape == (zoo.VOCAB, zoo.HIDDEN)
    assert {site.dtype for site in anatomy.sites} == {dtype}
    assert model.max_context == 512


@pytest.mark.parametrize("name", zoo.ARCHITECTURES)
def test_final_norm_and_unembedding_lead_from_the_last_block_to_the_logits(name):
    hf = zoo.build(name)
    anatomy = find_parts(hf)
    seen = []
    anatomy.blocks[-1].register_forward_hook(
        lambda _m, _a, out: seen.append(out[0] if isinstance(out, tuple) else out)
    )
    with torch.no_grad():
        logits = hf(zoo.ids(1, 6)).logits
        ours = anatomy.unembedding(anatomy.final_norm(seen[0]))
        states = anatomy.trunk(zoo.ids(1, 6)).last_hidden_state
        torch.testing.assert_close(anatomy.final_norm(seen[0]), states)
    assert torch.equal(
        ours.argmax(-1), logits.argmax(-1)
    )  # some scale or squash their logits, none reorders them


def test_the_text_tower_of_a_multimodal_model_wins_over_a_vision_tower_of_the_same_depth():
    vision = {
        "hidden_size": 32,
        "num_hidden_layers": zoo.LAYERS,
        "num_attention_heads": 2,
        "intermediate_size": 32,
    }
    config = Gemma3Config(
        text_config=zoo.ARCHITECTURES["gemma3"]().to_dict(),
        vision_config={**vision, "image_size": 16, "patch_size": 8},
        mm_tokens_per_image=4,
    )
    model = core.adopt(Gemma3ForConditionalGeneration(config))
    assert model.anatomy.blocks_path == "model.language_model.layers"
    assert model.hidden_size == zoo.HIDDEN


def test_a_model_parked_by_cpu_offload_has_sites_where_it_runs():
    hf = zoo.build("llama")
    plain = hf(zoo.ids(1, 5)).logits
    cpu_offload(hf, execution_device=torch.device("cpu"))
    assert next(hf.parameters()).is_meta
    model = core.adopt(hf)
    assert {site.device for site in model.anatomy.sites} == {torch.device("cpu")}
    assert model.device == torch.device("cpu")
    assert torch.equal(model.hf(zoo.ids(1, 5)).logits, plain)


class Unheard(nn.Module):
    """A model of no known build: lists of modules that are no decoder blocks."""

    def __init__(self) -> None:
        super().__init__()
        self.stages = nn.ModuleList(nn.Linear(4, 4) for _ in range(3))


def test_an_unknown_architecture_gets_one_sentence_with_its_class_and_its_lists():
    with pytest.raises(ModelError) as caught:
        find_parts(Unheard())
    sentence = str(caught.value)
    assert "Unheard" in sentence
    assert "stages (3 × Linear)" in sentence
    assert "--layers-path" in sentence
    assert "\n" not in sentence


def test_layers_path_decides_even_against_the_structure():
    hf = zoo.build("llama")
    assert find_blocks(hf, "model.layers")[0] == "model.layers"
    with pytest.raises(
        ModelError, match=r"--layers-path model.norm: no list.*model.layers \(4 × LlamaDecoderLayer\)"
    ):
        find_blocks(hf, "model.norm")


def test_a_known_path_serves_where_the_configuration_miscounts():
    hf = zoo.build("llama")
    hf.config.num_hidden_layers = 7
    assert find_blocks(hf)[0] == "model.layers"


def test_blocks_that_never_run_are_refused():
    hf = zoo.build("llama")
    hf.spare = nn.ModuleList(nn.Linear(4, 4) for _ in range(2))
    with pytest.raises(ModelError, match=r"LlamaForCausalLM: blocks \[0, 1\] did not run"):
        find_parts(hf, "spare")


def test_fingerprints_tell_weights_apart_and_nothing_else():
    first, same, other = (core.adopt(zoo.build(seed=seed)) for seed in (0, 0, 1))
    assert first.fingerprint == same.fingerprint != other.fingerprint
    parked, parked_other = zoo.build(seed=0), zoo.build(seed=1)
    for hf in (parked, parked_other):
        cpu_offload(hf, execution_device=torch.device("cpu"))
    assert core.adopt(parked).fingerprint != core.adopt(parked_other).fingerprint


def test_caps_steer_a_model_whose_weights_still_want_gradients():
    model = core.adopt(zoo.build("llama"))
    direction = SimpleNamespace(
        directions={1: torch.nn.functional.one_hot(torch.tensor(5), zoo.HIDDEN).float()}
    )
    mixer = core.Mixer([core.Channel(direction, unit="unit", ceiling=-3.0, layers=[1])])
    seen = []
    with (
        core.steered(model, mixer),
        model.steering.hooking_outputs([1], lambda _layer, hidden: seen.append(hidden)),
    ):
        logits = model.hf(zoo.ids(1, 6)).logits
    assert logits.requires_grad
    assert seen[0][..., 5].max() <= -3.0 + 1e-4
