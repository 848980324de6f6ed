"""The examples in the docstrings of the public doors: they run as written."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

import core
import steertui
import vectors

DOORS: dict[str, Callable[..., Any]] = {
    "core.load": core.load,
    "core.stream": core.stream,
    "core.Channel": core.Channel,
    "vectors.read": vectors.read,
    "vectors.extract": vectors.extract,
    "steertui.connect": steertui.connect,
}


def example_code(door: Callable[..., Any]) -> str:
    """What stands under `Example:` in a docstring, without prompts."""
    doc = inspect.getdoc(door) or ""
    _, _, example = doc.partition("Example:\n")
    lines = textwrap.dedent(example).splitlines()
    return "\n".join(re.sub(r"^(>>>|\.\.\.) ?", "", line) for line in lines)


@pytest.mark.parametrize("name", DOORS)
def test_a_door_says_its_arguments_and_has_an_example(name: str) -> None:
    assert "Args:" in (inspect.getdoc(DOORS[name]) or "")
    assert ast.parse(example_code(DOORS[name])).body


@pytest.mark.parametrize("name", DOORS)
def test_the_example_runs(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    model = core.load("demo-instruct")
    assert model.hf is not None
    if name == "core.load":
        model.hf.save_pretrained("my-finetune")
        model.tokenizer.save_pretrained("my-finetune")
    vector = vectors.read("pirate")
    torch.save(torch.randn(model.n_layers + 1, model.hidden_size), "honesty.pt")
    names = {
        "core": core,
        "vectors": vectors,
        "steertui": steertui,
        "Channel": core.Channel,
        "Mixer": core.Mixer,
        "model": model,
        "mixer": core.Mixer((core.Channel(vector, scale=0.3),)),
    }
    exec(compile(example_code(DOORS[name]), name, "exec"), names)
