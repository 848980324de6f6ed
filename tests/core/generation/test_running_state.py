"""Models that keep a running state, mixed and pure, and those that take no cache at all."""

import pytest
import torch
import transformers

import core
from core.errors import ModelError
from core.generation.conversation import Conversation
from core.mixer.mixer import Channel, Mixer
from tests.core import reference, zoo

PROMPT = zoo.ids(1, 12)[0].tolist()
MIXER = Mixer((Channel(reference.vector(0), 6.0, "unit", layers=[1, 2]),))
KINDS = ["conv", "full_attention", "conv", "full_attention"]


def adopted(config):
    torch.manual_seed(0)
    return core.adopt(transformers.AutoModelForCausalLM.from_config(config).eval(), zoo.tokenizer())


@pytest.fixture(scope="module")
def mixed():
    return adopted(transformers.Lfm2Config(**zoo.SHAPE, layer_types=KINDS))


def speaks_as_it_reads(model):
    """What it says token by token is what one pass over the whole says, without a cache."""
    live = core.stream(model, PROMPT, mixer=MIXER, max_new_tokens=6, ignore_end=True)
    list(live)
    with torch.no_grad(), core.steered(model, MIXER):
        logits = model.hf(torch.tensor(live.tape.ids), use_cache=False).logits[0]
    whole = torch.log_softmax(logits.float(), -1)
    for step in live.steps:
        assert step.logprob == pytest.approx(whole[step.position - 1, step.token_id].item(), abs=1e-4)


def test_a_mixed_model_is_steered_token_by_token(mixed):
    speaks_as_it_reads(mixed)


def test_its_shadow_has_a_past_of_its_own(mixed):
    live = core.stream(mixed, PROMPT, mixer=MIXER, max_new_tokens=4, ignore_end=True, shadow="forced")
    assert all(step.forced[1].kl >= 0 for step in live)


def test_a_pure_one_speaks_as_it_reads_the_whole():
    model = adopted(
        transformers.MambaConfig(vocab_size=300, hidden_size=64, num_hidden_layers=4, state_size=8)
    )
    speaks_as_it_reads(model)


def test_without_a_cache_a_model_is_read_but_does_not_speak():
    """Every token fed would be forgotten: a wrong answer, not a slow one."""
    config = transformers.RwkvConfig(
        vocab_size=300, hidden_size=64, num_hidden_layers=2, attention_hidden_size=64, context_length=64
    )
    model = adopted(config)
    with pytest.raises(ModelError, match="RwkvForCausalLM takes no cache: activations can be captured"):
        core.stream(model, PROMPT)


def test_after_an_error_the_next_turn_still_knows_the_conversation(mixed, monkeypatch):
    talk = Conversation(mixed)
    live = talk.say("Remember seven", max_new_tokens=6, ignore_end=True)
    said = next(live).text + next(live).text

    def fails(**_inputs):
        raise RuntimeError("a hiccup")

    with monkeypatch.context() as broken:
        broken.setattr(mixed.hf, "forward", fails)
        with pytest.raises(RuntimeError, match="a hiccup"):
            next(live)
    again = talk.say("Which one?", max_new_tokens=2, ignore_end=True)
    list(again)
    text = mixed.tokenizer.decode(again.tape.ids[0])
    assert "Remember seven" in text
    assert said in text
    assert "Which one?" in text
