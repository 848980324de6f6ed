import pytest

import core
from core.errors import ModelError
from tests.core import zoo
from tests.core.folders import refusal, rewrite


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"auto_map": {"AutoModelForCausalLM": "modeling.Evil"}}, "auto_map"),
        ({"_attn_implementation_internal": "someone/kernel"}, "_attn_implementation_internal"),
        ({"_attn_implementation": "someone/kernel"}, "_attn_implementation"),
        ({"trust_remote_code": True}, "trust_remote_code"),
        (
            {"text_config": {"layers": [{"custom_pipelines": {"x": 1}}]}},
            r"text_config.layers\[0\].custom_pipelines",
        ),
    ],
)
def test_a_configuration_that_names_code_is_refused(copy, change, place):
    rewrite(copy, **change)
    with pytest.raises(ModelError, match=rf"config.json needs remote code \({place}\), refused"):
        core.load(copy)


def test_the_tokenizer_s_configuration_counts_too(copy):
    rewrite(copy, "tokenizer_config.json", auto_map={"AutoTokenizer": ["x", None]})
    assert "tokenizer_config.json needs remote code" in refusal(copy)


def test_force_ignores_an_auto_map_only_where_transformers_has_the_class(copy):
    rewrite(copy, auto_map={"AutoModelForCausalLM": "modeling.Evil"})
    assert type(core.load(copy, force=True).hf).__name__ == "LlamaForCausalLM"
    rewrite(copy, model_type="evil")
    assert "needs remote code" in refusal(copy, force=True)
    rewrite(copy, model_type="llama", _attn_implementation="someone/kernel")
    assert "needs remote code" in refusal(copy, force=True)


def test_harmless_switches_beside_the_forbidden_keys_load(copy):
    rewrite(copy, _attn_implementation_autoset=True, custom_pipelines={})
    assert core.load(copy).n_layers == zoo.LAYERS


@pytest.mark.parametrize(
    "change",
    [
        {"hidden_size": 10**9, "num_hidden_layers": 10**6},
        {"hidden_size": 1, "num_hidden_layers": 10**9},
        {"vocab_size": 10**13},
        {"intermediate_size": 10**12},
        {"num_local_experts": 10**12},
        {"hidden_size": float("inf")},
    ],
)
def test_an_absurd_size_is_refused_before_anything_is_built(copy, change, monkeypatch):
    monkeypatch.setattr("core.loading.pretrained.build_blueprint", lambda *_: pytest.fail("built"))
    rewrite(copy, **change)
    sentence = refusal(copy, force=True)
    assert "bytes of weights" in sentence
    assert "refused before allocating" in sentence


@pytest.mark.parametrize("text", ["{", "[]", "[" * 100_000, "\x00"])
def test_a_configuration_that_is_no_object_is_refused(copy, text):
    (copy / "config.json").write_text(text)
    assert "config.json" in refusal(copy)
