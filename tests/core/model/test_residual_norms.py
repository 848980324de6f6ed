import json

import pytest
import torch

import core
from core.model import residual_norms
from tests.core import zoo


@pytest.fixture
def model():
    return core.adopt(zoo.build("llama"), zoo.tokenizer())


def cached(own_folders):
    return list((own_folders / "cac").rglob("residual/*.json")) or list(own_folders.rglob("residual/*.json"))


def test_norms_are_the_mean_lengths_at_block_outputs_without_the_first_token(model):
    ids = torch.tensor([zoo.tokenizer()(residual_norms.TEXT)["input_ids"][: residual_norms.LONGEST]])
    with torch.no_grad():
        states = model.hf(ids, output_hidden_states=True).hidden_states
    for layer in range(model.n_layers - 1):
        expected = states[layer + 1][0, 1:].norm(dim=-1).mean()
        assert model.residual_norms[layer] == pytest.approx(float(expected), rel=1e-5)
    with_first = states[1][0].norm(dim=-1).mean()
    assert model.residual_norms[0] != pytest.approx(float(with_first), rel=1e-5)


def test_steering_does_not_bend_the_yardstick(model):
    plain = residual_norms.measure_norms(model)

    class Push:
        def steer(self, layer, hidden):
            return hidden + 10

    with model.steering.steering_with(Push()):
        assert residual_norms.measure_norms(model) == plain


def test_norms_are_measured_once_per_model(model, own_folders, monkeypatch):
    norms = model.residual_norms
    assert len(cached(own_folders)) == 1
    monkeypatch.setattr(residual_norms, "measure_norms", lambda _model: pytest.fail("measured twice"))
    assert core.adopt(zoo.build("llama"), zoo.tokenizer()).residual_norms == norms


@pytest.mark.parametrize(
    "text", ["", "[1]", "{}", '{"0": 1}', '{"0": 1, "1": 1, "2": 1, "3": NaN}', '{"a": "b"}']
)
def test_a_damaged_cache_is_measured_again(model, own_folders, text):
    norms = model.residual_norms
    (file,) = cached(own_folders)
    file.write_text(text)
    assert residual_norms.residual_norms(model) == norms
    assert json.loads(file.read_text()) == {str(layer): norm for layer, norm in norms.items()}


def test_a_model_without_a_tokenizer_and_with_a_short_context_is_measured_too():
    hf = zoo.build("gpt2")
    hf.config.n_positions = 64
    model = core.adopt(hf)
    assert model.max_context == 64
    assert all(norm > 0 for norm in model.residual_norms.values())


def test_an_unwritable_cache_is_no_reason_to_stop(model, own_folders, monkeypatch):
    blocked = own_folders / "blocked"
    blocked.write_text("a file where a folder should be")
    monkeypatch.setenv("XDG_CACHE_HOME", str(blocked))
    assert len(model.residual_norms) == model.n_layers
