"""A model that loses its past is refused when it is adopted, by what its cache does and not by its name."""

import pytest
import torch
from accelerate import cpu_offload
from transformers import LlamaForCausalLM

import core
from core.errors import ModelError
from core.model import cache, cache_check
from core.model.cache import Tape
from tests.core import families, zoo


class ForgetsLongPasses(LlamaForCausalLM):
    """Several tokens at once begin with an empty cache, as in a scan that starts from zero."""

    def forward(self, input_ids=None, past_key_values=None, **rest):
        if past_key_values is not None and input_ids.shape[1] > 1:
            past_key_values.crop(-past_key_values.get_seq_length())
            rest.pop("position_ids", None)
        return super().forward(input_ids=input_ids, past_key_values=past_key_values, **rest)


class RestartsPositions(LlamaForCausalLM):
    """Every pass counts its positions from zero, whatever it is told."""

    def forward(self, input_ids=None, past_key_values=None, position_ids=None, **rest):
        own = torch.arange(input_ids.shape[1])[None]
        return super().forward(input_ids=input_ids, past_key_values=past_key_values, position_ids=own, **rest)


@pytest.fixture(autouse=True)
def own_results(monkeypatch):
    """What other tests of this process have found out is not known here."""
    monkeypatch.setattr(cache_check, "_passed", {})


def planted(kind, dtype=torch.float32):
    model = kind(zoo.ARCHITECTURES["llama"]())
    zoo.fill(model, seed=0)
    return model.to(dtype).eval()


@pytest.mark.parametrize("kind", [ForgetsLongPasses, RestartsPositions])
def test_a_model_that_loses_its_past_is_refused_by_name(kind):
    with pytest.raises(ModelError) as caught:
        core.adopt(planted(kind), zoo.tokenizer(), "planted")
    sentence = str(caught.value)
    assert sentence.startswith(
        f"planted ({kind.__name__}) loses its past: tokens fed in chunks give other logits"
    )
    assert "\n" not in sentence


@pytest.mark.parametrize("kind", [ForgetsLongPasses, RestartsPositions])
def test_in_16_bit_it_is_a_warning(kind):
    sentence = "planted: in bfloat16 its logits depend on how a text is fed"
    with pytest.warns(UserWarning, match=sentence) as given:
        model = core.adopt(planted(kind, torch.bfloat16), zoo.tokenizer(), "planted")
    assert given[0].filename == __file__
    assert model.warnings == (cache_check.cache_warning(model),)
    assert model.warnings[0].startswith(sentence)


@pytest.mark.parametrize("kind", [ForgetsLongPasses, RestartsPositions])
def test_an_offloaded_model_is_checked_with_few_passes(kind):
    hf = planted(kind)
    cpu_offload(hf, execution_device=torch.device("cpu"))
    with pytest.raises(ModelError, match=r"loses its past: tokens fed in chunks"):
        core.adopt(hf, zoo.tokenizer(), "planted")


def test_a_sound_offloaded_model_reads_its_weights_five_times(monkeypatch):
    hf, passes = zoo.build("llama", seed=3), []
    cpu_offload(hf, execution_device=torch.device("cpu"))
    run = Tape._run_pass
    monkeypatch.setattr(Tape, "_run_pass", lambda *given: passes.append(1) or run(*given))
    assert cache_check.check_cache(core.adopt(hf)) < 1e-5
    assert len(passes) == 5


@pytest.mark.parametrize("name", ["llama", "gemma2", "bloom", "opt"])
def test_a_sound_model_is_far_from_the_limit(name):
    model = core.adopt(zoo.build(name), zoo.tokenizer())
    assert max(cache_check.measure_differences(model).values()) < 1e-5
    assert cache_check.cache_warning(model) == ""
    assert cache_check.cache_warning(core.adopt(zoo.build(name, dtype=torch.bfloat16))) == ""


def test_what_jamba_and_bamba_need_is_what_the_check_asks_for(monkeypatch):
    """Without one token at a time, and without positions, these two lose their past."""
    with monkeypatch.context() as spoilt:
        spoilt.setattr(cache, "RESTARTING", set())
        with pytest.raises(ModelError, match=r"JambaForCausalLM\) loses its past: tokens fed in chunks"):
            core.adopt(families.build("jamba"))
    with monkeypatch.context() as spoilt:
        spoilt.setattr(Tape, "_positions", lambda _tape, _ids, _start: {})
        with pytest.raises(ModelError, match=r"BambaForCausalLM\) loses its past: tokens fed "):
            core.adopt(families.build("bamba"))


def test_a_tie_on_one_text_is_no_refusal(monkeypatch):
    """Experts that tie change the logits on a rare text; forgetting changes them on all."""
    found = iter([0.5, 0.0, 1e-7, 1e-7])
    monkeypatch.setattr(cache_check, "relative_difference", lambda _one, _other: next(found))
    model = core.adopt(zoo.build("llama", seed=77))
    assert cache_check.check_cache(model) == 1e-7


def test_the_check_runs_once_per_model_and_process_and_once_per_machine(own_folders, monkeypatch):
    core.adopt(zoo.build("llama", seed=5))
    monkeypatch.setattr(cache_check, "measure_differences", lambda _model: pytest.fail("measured twice"))
    core.adopt(zoo.build("llama", seed=5))
    assert len(list(own_folders.rglob("cache-check/*.json"))) == 1
    monkeypatch.setattr(cache_check, "_passed", {})
    core.adopt(zoo.build("llama", seed=5))


@pytest.mark.parametrize(
    "text", ["", "[1]", "{}", '{"difference": NaN}', '{"difference": "a"}', '{"difference": -1}']
)
def test_a_damaged_result_is_measured_again(own_folders, monkeypatch, text):
    model = core.adopt(zoo.build("llama", seed=6))
    (file,) = own_folders.rglob("cache-check/*.json")
    file.write_text(text)
    monkeypatch.setattr(cache_check, "_passed", {})
    assert cache_check.check_cache(model) < 1e-5
    assert "e-" in file.read_text()


def test_the_difference_passes_over_excluded_tokens_and_silent_models():
    logits = torch.tensor([1.0, -torch.inf, 2.0])
    assert cache_check.relative_difference(logits, logits) == 0.0
    assert cache_check.relative_difference(torch.zeros(3), torch.zeros(3)) == 0.0
    assert cache_check.relative_difference(torch.tensor([1.0, 0.0, torch.nan]), logits) != 0.0
