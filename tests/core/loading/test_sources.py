import json
import shutil
from types import SimpleNamespace

import pytest
import torch
from huggingface_hub import constants
from huggingface_hub import errors as hub_errors

import core
from core.errors import ModelError, NetworkError, SteerError
from core.loading import sources
from tests.core import zoo
from tests.core.folders import refusal


def test_sharded_weights_are_followed_through_their_index(copy):
    (copy / "model.safetensors").unlink()
    zoo.build("llama").save_pretrained(copy, max_shard_size="200KB")
    assert len(list(copy.glob("*.safetensors"))) > 2
    assert torch.equal(core.load(copy).hf(zoo.ids(1, 5)).logits, zoo.build("llama")(zoo.ids(1, 5)).logits)


@pytest.mark.parametrize("name", ["~nosuchuser/model", "a" * 300, "a/" + "b" * 300, "a\0b"])
def test_a_name_that_can_be_no_folder_ends_in_a_sentence(name):
    assert "no name of a model on the hub" in refusal(name)


def test_a_model_with_only_bin_files_is_refused(copy):
    (copy / "model.safetensors").rename(copy / "pytorch_model.bin")
    assert refusal(copy).startswith("copy has no safetensors weights (only pytorch_model.bin); convert")


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
    bar = sources._progress_bar(lambda *step: seen.append(step))(
        desc="Reconstructing (incomplete total...)", total=0, unit="B"
    )
    other = sources._progress_bar(lambda *step: seen.append(step))(
        desc="Downloading bytes", total=50, unit="B"
    )
    bar.total = 50
    for n in (20, 30):
        bar.update(n)
        other.update(n)
    bar.close()
    assert seen == [("download", 20, 50), ("download", 50, 50)]
    assert capsys.readouterr() == ("", "")
