"""Packs: the same seed asks the same, kinds take turns, and a file says what it lacks."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.errors import BadInput, UsageError
from sessions.experiments.common.prompts import PACKS, load_prompts


@pytest.mark.parametrize("pack", PACKS)
def test_the_same_seed_asks_the_same(pack: str) -> None:
    params = {"prompts": pack, "n": 6, "seed": 3}
    assert load_prompts(params, "x") == load_prompts(params, "x")
    assert len(load_prompts(params, "x")) == 6
    assert len({prompt.id for prompt in load_prompts(params, "x")}) == 6


def test_every_model_has_a_pack_it_understands() -> None:
    assert load_prompts({"n": 2}, "demo-base")[0].id.startswith("demo-")
    assert load_prompts({"n": 2}, "some/model")[0].id.startswith("english-")


def test_few_english_prompts_are_still_of_many_kinds() -> None:
    assert len({prompt.group for prompt in load_prompts({"prompts": "english", "n": 6}, "x")}) == 6


def test_a_file_of_prompts_keeps_what_its_lines_say(tmp_path: Path) -> None:
    file = tmp_path / "mine.jsonl"
    lines = [
        {"prompt": "Hi", "group": "greeting", "id": "first", "keywords": ["hello"]},
        {"messages": [{"role": "system", "content": "S"}, {"role": "user", "content": "U"}], "raw": True},
    ]
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    one, other = load_prompts({"prompts": str(file), "n": 16}, "x")
    assert (one.id, one.group, one.about["keywords"], one.text) == ("first", "greeting", ["hello"], "Hi")
    assert (other.id, other.raw, other.text, len(other.messages)) == ("mine-2", True, "U", 2)


def test_a_line_that_is_no_prompt_is_named(tmp_path: Path) -> None:
    file = tmp_path / "mine.jsonl"
    file.write_text('"fine"\n{"question": "what?"}\n')
    with pytest.raises(BadInput, match="mine.jsonl, line 2"):
        load_prompts({"prompts": str(file), "n": 1}, "x")


def test_neither_a_pack_nor_a_file() -> None:
    with pytest.raises(UsageError, match="neither a file nor one of demo, stories, english"):
        load_prompts({"prompts": "latin", "n": 1}, "x")
