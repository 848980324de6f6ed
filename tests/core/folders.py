"""Model folders on disk for the tests of loading, and how a refusal is looked at."""

import json
from pathlib import Path

import pytest

import core
from core.errors import ModelError, SteerError
from tests.core import zoo


def save(folder: Path) -> Path:
    zoo.build("llama").save_pretrained(folder)
    zoo.tokenizer().save_pretrained(folder)
    return folder


def rewrite(folder: Path, name: str = "config.json", **changes: object) -> None:
    file = folder / name
    file.write_text(json.dumps({**json.loads(file.read_text()), **changes}))


def refusal(name: str | Path, kind: type[SteerError] = ModelError, **options: object) -> str:
    """The sentence with which loading ends; it has to be one."""
    with pytest.raises(kind) as caught:
        core.load(name, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)
