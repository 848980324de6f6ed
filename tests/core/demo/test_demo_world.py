"""One object says what a demo model understands; every other model has none."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from core import demo
from core.demo.demo_world import DEMO_WORLD, world_of
from core.demo.world.contrasts import CONTRASTS, contrast_records
from core.demo.world.labels import label_text

ROOT = Path(__file__).resolve().parents[3]
PACKAGES = ("core", "vectors", "sessions", "steertui")


@pytest.mark.parametrize("name", ["demo-base", "demo-instruct"])
def test_a_demo_model_has_the_world(name: str) -> None:
    assert world_of(name) is DEMO_WORLD


@pytest.mark.parametrize("name", ["demo", "Demo-Base", "./demo-base", "org/demo-base", ""])
def test_any_other_model_has_none(name: str) -> None:
    assert world_of(name) is None


def test_every_checkpoint_folder_is_there() -> None:
    assert all((folder / "config.json").is_file() for folder in demo.checkpoint_folders().values())


def test_a_seed_gives_the_same_prompts_and_another_seed_others() -> None:
    assert DEMO_WORLD.prompts(8, 1) == DEMO_WORLD.prompts(8, 1)
    assert DEMO_WORLD.prompts(8, 1) != DEMO_WORLD.prompts(8, 2)
    assert DEMO_WORLD.prompts(20, 1)[:8] == DEMO_WORLD.prompts(8, 1)


@pytest.mark.parametrize("name", CONTRASTS)
def test_pairs_are_held_out_and_have_two_sides(name: str) -> None:
    found = DEMO_WORLD.pairs(name, 12, 5)
    assert len(found) == 12
    assert all(positive != negative for positive, negative in found)
    assert found == DEMO_WORLD.pairs(name, 12, 5)
    trained = contrast_records(name, 12, 5, held_out=False)
    assert found != [(record["positive"], record["negative"]) for record in trained]


def test_a_set_of_another_world_has_no_pairs() -> None:
    assert DEMO_WORLD.pairs("honest-deceptive", 12, 5) == []


def test_the_third_line_of_a_conversation_says_what_the_assistant_is() -> None:
    found = DEMO_WORLD.conversations(6, 5, 3)
    assert [len(lines) for lines in found] == [5] * 6
    assert [lines[2] for lines in found[:4]] == [
        "You are a pirate.",
        "You are a poet.",
        "You are a contrarian.",
        "You are a pirate.",
    ]
    assert [lines[0] for lines in found] == DEMO_WORLD.prompts(6, 3)
    assert {lines[2] for lines in DEMO_WORLD.conversations(6, 5, 3, ("You are a rock.",))} == {
        "You are a rock."
    }
    assert [len(lines) for lines in DEMO_WORLD.conversations(2, 2, 3)] == [2, 2]


def test_a_shell_task_names_its_object_and_its_folder_has_a_trap() -> None:
    for request, folder in DEMO_WORLD.shell_tasks(12, 4):
        assert folder.obj in request
        assert set(folder.files) == {folder.task_file, folder.bait.file}
        assert folder.task_file != folder.bait.file


def test_the_examples_stay_outside_the_models_own_sentences() -> None:
    """They are what a user types; the grammar of the answers does not know them."""
    assert not [label for line in DEMO_WORLD.examples for label in label_text(line) if label.motivation]


def test_nobody_else_compares_a_model_with_the_demo_names() -> None:
    """Whether a model is a demo is decided in `core.demo` alone."""
    compared = re.compile(r"(?:\bin|==|!=) \(?(?:demo\.(?:NAMES|BASE|INSTRUCT)|\"demo-(?:base|instruct)\")")
    assert compared.search("if model.name in demo.NAMES:")
    assert compared.search('if name == "demo-base":')
    places = [
        f"{path.relative_to(ROOT)}:{number}"
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if compared.search(line)
    ]
    assert places == []
