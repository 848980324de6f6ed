import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from huggingface_hub import constants
from huggingface_hub import errors as hub_errors

import core
from core import memory, placement, sources
from core.errors import ModelError, NetworkError, OutOfMemory, SteerError, UsageError
from tests.core import zoo


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models") / "small"
    zoo.build("llama").save_pretrained(folder)
    zoo.tokenizer().save_pretrained(folder)
    return folder


@pytest.fixture
def copy(saved, tmp_path):
    return Path(shutil.copytree(saved, tmp_path / "copy"))


def rewrite(folder, name="config.json", **changes):
    file = folder / name
    file.write_text(json.dumps({**json.loads(file.read_text()), **changes}))


def refusal(folder, kind=ModelError, **options):
    with pytest.raises(kind) as caught:
        core.load(folder, **options)
    sentence = str(caught.value)
    assert "\n" not in sentence
    return sentence


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
    assert placement.decide(device="cpu").dtype == torch.float32
    assert placement.decide(dtype="bfloat16", device="cpu").dtype == torch.bfloat16


def test_the_fingerprint_is_the_folder_s_and_not_the_precision_s(saved, copy):
    assert core.load(saved).fingerprint == core.load(copy, dtype="bf16").fingerprint
    zoo.build("llama", seed=1).save_pretrained(copy)
    assert core.load(saved).fingerprint != core.load(copy).fingerprint


def test_a_folder_without_a_tokenizer_loads_without_one(saved, copy):
    for file in copy.glob("tokenizer*"):
        file.unlink()
    assert core.load(copy).tokenizer is None


def test_sharded_weights_are_followed_through_their_index(copy):
    (copy / "model.safetensors").unlink()
    zoo.build("llama").save_pretrained(copy, max_shard_size="200KB")
    assert len(list(copy.glob("*.safetensors"))) > 2
    assert torch.equal(core.load(copy).hf(zoo.ids(1, 5)).logits, zoo.build("llama")(zoo.ids(1, 5)).logits)


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
def test_row_59_a_configuration_that_names_code_is_refused(copy, change, place):
    rewrite(copy, **change)
    with pytest.raises(ModelError, match=rf"config.json needs remote code \({place}\), refused"):
        core.load(copy)


def test_row_59_the_tokenizer_s_configuration_counts_too(copy):
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


def test_row_60_a_model_with_only_bin_files_is_refused(copy):
    (copy / "model.safetensors").rename(copy / "pytorch_model.bin")
    assert refusal(copy).startswith("copy has no safetensors weights (only pytorch_model.bin); convert")


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
def test_row_61_an_absurd_size_is_refused_before_anything_is_built(copy, change, monkeypatch):
    monkeypatch.setattr("core.pretrained.blueprint", lambda *_: pytest.fail("built"))
    rewrite(copy, **change)
    sentence = refusal(copy, force=True)
    assert "bytes of weights" in sentence
    assert "refused before allocating" in sentence


def test_a_model_larger_than_free_memory_is_refused_with_both_numbers(saved, monkeypatch):
    monkeypatch.setattr(memory, "free", lambda _device: 300_000)
    sentence = refusal(saved, OutOfMemory, dtype="fp32")
    assert sentence.startswith("small needs about 0.0007 GB and 0.0003 GB are free on cpu")
    assert "--force" in sentence
    assert core.load(saved, force=True).n_layers == zoo.LAYERS


@pytest.mark.parametrize(("quant", "expected"), [(None, 4.0), ("8bit", 1.1), ("4bit", 0.6)])
def test_the_estimate_counts_what_quantisation_leaves_alone(quant, expected):
    hf = zoo.build("llama")
    linear = sum(p.numel() for n, p in hf.named_parameters() if "proj" in n)
    others = sum(p.numel() for n, p in hf.named_parameters() if "proj" not in n)
    assert memory.of_blueprint(hf, quant) == pytest.approx(linear * expected + others * 4, rel=1e-4)


def test_the_header_s_estimate_is_the_size_of_the_tensors(saved):
    stored = sum(p.numel() * 4 for p in zoo.build("llama").parameters())
    assert memory.of_files([saved / "model.safetensors"]) == stored
    assert memory.free(torch.device("cpu")) > 2**20


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


def test_weights_that_would_stay_random_are_refused(copy):
    rewrite(copy, num_hidden_layers=5)
    assert "lacks 9 of the model's weights (model.layers.4" in refusal(copy)


def test_weights_of_another_shape_are_refused(copy):
    rewrite(copy, intermediate_size=80)
    assert "do not have the shapes that config.json describes" in refusal(copy)


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


@pytest.mark.parametrize("text", ["{", "[]", "[" * 100_000, "\x00"])
def test_a_configuration_that_is_no_object_is_refused(copy, text):
    (copy / "config.json").write_text(text)
    assert "config.json" in refusal(copy)


def test_an_index_may_only_name_files_beside_it(copy):
    (copy / sources.INDEX).write_text(json.dumps({"weight_map": {"a": "../../elsewhere.safetensors"}}))
    assert "names no files of this folder" in refusal(copy)
    (copy / sources.INDEX).write_text(
        json.dumps({"weight_map": {"a": "1.safetensors", "b": "2.safetensors"}})
    )
    assert "lacks 1.safetensors and 1 more" in refusal(copy)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("./nowhere", "no folder ./nowhere"),
        ("a b", "no folder a b"),
        ("", "no folder"),
        ("a/b/c", "no folder a/b/c"),
    ],
)
def test_a_name_that_is_nothing_is_refused(name, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SteerError, match=words):
        core.load(name)


def test_a_file_and_an_empty_folder_are_no_models(saved, tmp_path):
    assert "is a file" in refusal(saved / "config.json")
    assert "has no config.json" in refusal(tmp_path)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"dtype": "int3"}, "dtype must be"),
        ({"quant": "3bit"}, "quantisation must be"),
        ({"device": "toaster"}, "no such device"),
        ({"device": "cuda:77"}, "not available here"),
        ({"device": "cpu", "device_map": "auto"}, "not both"),
    ],
)
def test_options_that_cannot_be_meant(saved, options, words):
    assert words in refusal(saved, UsageError, **options)


@pytest.fixture
def hub(saved, tmp_path, monkeypatch):
    """A local hub cache that holds one repository, as a download leaves it."""
    commit = "0123456789abcdef0123456789abcdef01234567"
    repository = tmp_path / "hub" / "models--someone--small"
    shutil.copytree(saved, repository / "snapshots" / commit)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(commit)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    return repository / "snapshots" / commit


def test_a_cached_hub_model_loads_offline(hub):
    model = core.load("someone/small")
    assert model.name == "someone/small"
    assert model.n_layers == zoo.LAYERS


def test_an_interrupted_download_and_an_unknown_model_name_the_command(hub):
    (hub / "model.safetensors").unlink()
    for name in ("someone/small", "someone/else"):
        sentence = refusal(name, NetworkError)
        assert f"hf download {name}" in sentence


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (
            "GatedRepoError",
            ModelError,
            "someone/other is gated: accept its terms at https://huggingface.co/someone/other",
        ),
        (
            "RepositoryNotFoundError",
            ModelError,
            "the hub has no such model .private ones need `hf auth login`",
        ),
        ("RevisionNotFoundError", ModelError, "someone/other has no revision v9"),
        ("HfHubHTTPError", NetworkError, "the hub did not answer .* hf download someone/other"),
    ],
)
def test_what_the_hub_refuses_is_said_in_one_sentence(monkeypatch, error, kind, words):
    def refuse(*_, **__):
        response = SimpleNamespace(headers={}, request=None)
        raise getattr(hub_errors, error)("Client Error.\n\nMany lines.", response=response)

    monkeypatch.setattr("huggingface_hub.snapshot_download", refuse)
    with pytest.raises(kind, match=words) as caught:
        core.load("someone/other", revision="v9")
    assert "\n" not in str(caught.value)


def test_a_hub_model_without_safetensors_is_refused_before_a_download(hub, monkeypatch):
    (hub / "model.safetensors").unlink()
    monkeypatch.setattr("huggingface_hub.file_exists", lambda *_, **__: False)
    assert "someone/small has no safetensors weights" in refusal("someone/small")


def test_downloads_are_reported_in_bytes_and_drawn_nowhere(capsys):
    seen = []
    bar = sources._bar(lambda *step: seen.append(step))(
        desc="Reconstructing (incomplete total...)", total=0, unit="B"
    )
    other = sources._bar(lambda *step: seen.append(step))(desc="Downloading bytes", total=50, unit="B")
    bar.total = 50
    for n in (20, 30):
        bar.update(n)
        other.update(n)
    bar.close()
    assert seen == [("download", 20, 50), ("download", 50, 50)]
    assert capsys.readouterr() == ("", "")


def test_a_device_map_is_passed_on(saved):
    model = core.load(saved, device_map="auto", dtype="fp32")
    assert model.n_layers == zoo.LAYERS
    assert torch.equal(model.hf(zoo.ids(1, 5)).logits, zoo.build("llama")(zoo.ids(1, 5)).logits)
