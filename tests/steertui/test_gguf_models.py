"""A GGUF file is a model's name in every command."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from core.loading.model_names import canonical_name
from sessions.job_specs.kinds.inputs import MODEL_SOURCE
from sessions.job_specs.kinds.kind import CheckContext, PackSource
from steertui.cli import main
from tests.core import gguf_files

CONTEXT = CheckContext(lambda _: PackSource((), lambda _path: None))


@pytest.fixture(scope="module")
def tiny_gguf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("gguf") / "tiny.gguf"
    gguf_files.write_model(path, gguf_files.tiny_llama(), "Q8_0")
    return path


def said(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    assert main.main([*words, "--json"]) == 0
    return dict(json.loads(capsys.readouterr().out))


def test_it_answers_and_is_recorded_and_verified(tiny_gguf: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answer = said(capsys, "say", "hello", "--model", str(tiny_gguf), "--max-new", "5")
    assert len(answer["token_ids"]) == 5
    assert said(capsys, "sessions", "verify", "last")["grade"] == "bit-exact"


def test_its_shape_is_compared_with_that_of_vectors(
    tiny_gguf: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = said(capsys, "library", "list", "--model", str(tiny_gguf))["vectors"]
    assert {tuple(row["doubts"]) for row in rows} == {("vector 96, model 256 dimensions (tiny.gguf)",)}


def test_its_weights_are_not_compared_with_those_of_a_folder(
    tiny_gguf: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.main(["diff", "demo-base", str(tiny_gguf)]) == 4
    assert capsys.readouterr().err == (
        f"steertui: {tiny_gguf} is a GGUF file: only safetensors folders can be compared by their weights\n"
    )


def test_its_path_is_absolute_for_an_engine_elsewhere(
    tiny_gguf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tiny_gguf.parent)
    MODEL_SOURCE.check("tiny.gguf", CONTEXT)
    assert MODEL_SOURCE.absolute("tiny.gguf", CONTEXT) == str(tiny_gguf)
    assert canonical_name("tiny.gguf") == canonical_name("./tiny.gguf") == str(tiny_gguf)
