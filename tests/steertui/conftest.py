"""A tiny random model and a vector for it on disk: what the commands' tests point `--model` and `--vector` at."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

import vectors
from steertui.cli import main
from steertui.widgets import glyphs
from tests.core import zoo


@pytest.fixture(autouse=True)
def plain_glyphs() -> Iterator[None]:
    """What an app drew with is not what the next test draws with."""
    yield
    glyphs.set_glyphs(glyphs.UNICODE)


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "tiny"
    zoo.build().save_pretrained(folder)
    zoo.tokenizer().save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def push(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random direction on every layer of `tiny`."""
    generator = torch.Generator().manual_seed(7)
    path = tmp_path_factory.mktemp("vectors") / "push.safetensors"
    vectors.SteeringVector(
        {layer: torch.randn(zoo.HIDDEN, generator=generator) for layer in range(zoo.LAYERS)}
    ).save(path)
    return path


@pytest.fixture
def say(tiny: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., dict[str, Any]]:
    """`steertui say … --json` on the tiny model, read back."""

    def run(*words: str, code: int = 0) -> dict[str, Any]:
        assert main.main(["say", *words, "--model", str(tiny), "--json"]) == code
        return dict(json.loads(capsys.readouterr().out))

    return run
