"""What a person can get wrong about vectors, scales, layers and prompts: one sentence each, with its exit code."""

import pytest
import torch

import core
from core.errors import BadInput, SteerError, UsageError
from core.generation.conversation import Conversation
from core.mixer.layer_ranges import parse_layers
from core.mixer.mixer import Channel, Mixer
from tests.core import reference, zoo
from tests.core.reference import Vector, vector

V = vector(0)


def refusal(code, mixer=None, prompt="Hello", **settings):
    """The sentence with which a whole answer is refused."""
    with pytest.raises(SteerError) as caught:
        list(core.stream(reference.model(), prompt, mixer=mixer, max_new_tokens=2, **settings))
    sentence = str(caught.value)
    assert caught.value.exit_code == code
    assert "\n" not in sentence
    assert len(sentence) < 300
    return sentence


def playing(vector, **settings):
    return Mixer((Channel(vector, **{"scale": 1.0, "unit": "unit", **settings}),))


def test_a_vector_of_another_width_is_refused():
    wide = Vector({1: torch.ones(4096)}, "wide")
    assert refusal(4, playing(wide)) == "vector 'wide' has 4096 dimensions, the model has 64"


def test_a_layer_beyond_the_model_is_refused():
    deep = Vector({40: torch.ones(64)}, "deep")
    assert refusal(4, playing(deep)) == "vector 'deep' has layer 40, the model has 4 (0 to 3)"


def test_a_layer_the_vector_does_not_have():
    assert refusal(2, playing(V, layers=[2, 9])) == "vector 'v0' has no layer 9: it covers 0–3"


def test_rows_29_and_30_numbers_that_are_none_and_directions_without_length():
    broken = V.directions[1].clone()
    broken[:3] = float("inf")
    assert refusal(4, playing(Vector({1: broken}, "b"))) == "vector 'b', layer 1: 3 non-finite values"
    assert refusal(4, playing(Vector({1: torch.zeros(64)}, "z"))) == "vector 'z', layer 1 has norm 0"


@pytest.mark.parametrize("scale", ["nan", "inf", "1e999", "1,5"])
def test_a_scale_that_is_no_number_is_refused(scale):
    with pytest.raises(UsageError, match="^scale must be a finite number, not ") as caught:
        playing(V, scale=scale)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("text", ["5-3", "1..", "-1", "all,3"])
def test_a_text_that_is_no_layer_range_is_refused(text):
    with pytest.raises(UsageError, match="^bad layer range ") as caught:
        parse_layers(text, 4)
    assert caught.value.exit_code == 2


def test_units_the_vector_knows_nothing_about():
    assert "run steertui check v0" in refusal(2, playing(V, unit="natural"))
    assert "use unit or relative" in refusal(2, playing(V, unit="raw"))
    assert "run steertui check v0" in refusal(2, playing(V, floor="p25"))


def test_caps_that_contradict_each_other():
    both = playing(V, floor=1.0).add(Channel(V, floor=1.0, flipped=True))
    assert "contradict each other: no projection is both ≥ 1 and ≤ -1" in refusal(2, both)
    assert refusal(2, playing(V, floor={1: 2.0}, ceiling=1.0, layers=[1])) == (
        "'v0' at layer 1: floor 2 lies above ceiling 1"
    )


def test_a_bypassed_mixer_is_no_excuse_for_a_vector_that_does_not_fit():
    wide = Vector({1: torch.ones(4096)}, "wide")
    assert "4096 dimensions" in refusal(4, playing(wide).bypass())


def test_a_prompt_longer_than_the_context_is_refused():
    assert refusal(2, prompt=[5] * 600) == "prompt is 600 tokens, limit 512"
    with pytest.raises(UsageError, match="prompt is [0-9]+ tokens, limit 512"):
        Conversation(reference.model()).say("x" * 3000)


def test_an_empty_prompt():
    assert refusal(2, prompt="", raw=True) == "the prompt is empty"


@pytest.mark.parametrize("ids", [[5, 300], [-1, 5], [10**9]])
def test_ids_the_model_has_no_embedding_for(ids):
    assert "the model has 300 tokens" in refusal(2, prompt=ids)


def test_text_for_a_model_without_a_tokenizer():
    model = core.adopt(zoo.build(), name="mute")
    with pytest.raises(UsageError, match="mute has no tokenizer: give token ids instead of text"):
        core.stream(model, "Hello")
    live = core.stream(model, [5, 6], max_new_tokens=3, ignore_end=True)
    with pytest.raises(UsageError, match="mute has no tokenizer"):
        live.inject("words")
    assert len(list(live)) == 3
    assert live.text == ""


def test_a_scale_beyond_all_reason():
    sentence = refusal(4, playing(V, scale=1e38, unit="relative", layers=[1]))
    assert sentence.startswith("token 0: the model's logits are not finite under v0 +1e+38 relative")
    assert sentence.endswith("lower the scales")
    with pytest.raises(BadInput):
        list(core.stream(reference.model("llama", torch.bfloat16), "Hi", mixer=playing(V, scale=1e39)))
