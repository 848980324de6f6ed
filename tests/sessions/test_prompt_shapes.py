"""`--prompts` reads lines of prompts and every shape that `contrast` reads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from core.errors import BadInput
from sessions.prompt_shapes import read_prompt_shapes

USER = {"role": "user", "content": "Who are you?"}


def written(folder: Path, name: str, *lines: Any) -> Path:
    path = folder / name
    path.write_text("".join(f"{line if isinstance(line, str) else json.dumps(line)}\n" for line in lines))
    return path


def found(path: Path) -> list[tuple[Any, dict[str, Any]]]:
    return [(record.prompt, record.rest) for record in read_prompt_shapes(path)]


def test_lines_of_prompts(tmp_path: Path) -> None:
    path = written(tmp_path, "a.jsonl", '"one"', {"prompt": "two", "id": 2}, {"messages": [USER]})
    assert found(path) == [("one", {}), ("two", {"id": 2}), ([USER], {})]


def test_pairs_give_both_sides_without_the_reply(tmp_path: Path) -> None:
    reply = {"role": "assistant", "content": "Me."}
    system = {"role": "system", "content": "Be kind."}
    path = written(
        tmp_path,
        "pairs.jsonl",
        {"positive": "I am glad", "negative": "I am sad", "domain": "mood"},
        {"positive": [USER, reply], "negative": [USER, {**reply, "content": "You."}]},
        {"positive": [system, USER], "negative": [USER]},
    )
    assert found(path) == [
        ("I am glad", {"pair": 1, "domain": "mood", "side": "positive"}),
        ("I am sad", {"pair": 1, "domain": "mood", "side": "negative"}),
        ("Who are you?", {"pair": 2}),
        ([system, USER], {"pair": 3, "side": "positive"}),
        ("Who are you?", {"pair": 3, "side": "negative"}),
    ]


@pytest.mark.parametrize(
    ("entry", "prompts"),
    [
        (
            {"question": "Q?", "answer_matching_behavior": "(A)", "answer_not_matching_behavior": "(B)"},
            ["Q?"],
        ),
        ({"question": "Q?", "honest": "yes", "deceptive": "no"}, ["Q?"]),
        (
            {"instruction": [{"pos": "Be good.", "neg": "Be bad."}], "questions": ["Q?"]},
            [
                [{"role": "system", "content": "Be good."}, {"role": "user", "content": "Q?"}],
                [{"role": "system", "content": "Be bad."}, {"role": "user", "content": "Q?"}],
            ],
        ),
        (
            {
                "query": "Q?",
                "responses": [
                    {"persona_type": "assistant", "system_prompt": "A.", "response": "a"},
                    {"persona_type": "other", "system_prompt": "B.", "response": "b"},
                ],
            },
            [
                [{"role": "system", "content": "A."}, {"role": "user", "content": "Q?"}],
                [{"role": "system", "content": "B."}, {"role": "user", "content": "Q?"}],
            ],
        ),
        (
            {
                "determined": {"context": "He saw the wall.", "continuation": "He climbed."},
                "drifting": {"context": "He saw the wall.", "continuation": "He left."},
            },
            ["He saw the wall."],
        ),
        ({"scenario": "You are late.", "n": 3}, ["You are late."]),
        ({"full_prompt": "Go on:"}, ["Go on:"]),
    ],
)
def test_every_shape_of_contrast(entry: dict[str, Any], prompts: list[Any], tmp_path: Path) -> None:
    assert [prompt for prompt, _ in found(written(tmp_path, "set.json", [entry]))] == prompts
    assert [prompt for prompt, _ in found(written(tmp_path, "set.jsonl", entry))] == prompts


def test_a_table_keeps_its_other_columns(tmp_path: Path) -> None:
    path = written(tmp_path, "asked.csv", "prompt,topic", "Why?,sky", '"How, then?",sea')
    assert found(path) == [("Why?", {"topic": "sky"}), ("How, then?", {"topic": "sea"})]


def test_what_is_no_prompt_is_named(tmp_path: Path) -> None:
    for lines, sentence in (
        ([{"positive": "a"}], "no positive and negative"),
        (["[1]"], "line 1"),
        ([], "no entries"),
    ):
        with pytest.raises(BadInput, match=sentence):
            read_prompt_shapes(written(tmp_path, "bad.jsonl", *lines))
    with pytest.raises(BadInput, match="cannot read .*none.jsonl"):
        read_prompt_shapes(tmp_path / "none.jsonl")
