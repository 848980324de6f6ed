"""Every public shape of contrast data is read by its keys, and everything broken is refused by its line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import vectors
from core.errors import BadInput
from vectors.texts.pair import ContrastSet


def written(folder: Path, name: str, content: Any) -> ContrastSet:
    path = folder / name
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif isinstance(content, str):
        path.write_text(content, encoding="utf-8", newline="")
    elif name.endswith(".jsonl"):
        path.write_text("".join(json.dumps(row) + "\n" for row in content))
    else:
        path.write_text(json.dumps(content))
    return vectors.contrast(path)


def test_text_pairs_and_chat_pairs(tmp_path: Path) -> None:
    chat = [{"role": "user", "content": "hello"}]
    found = written(
        tmp_path,
        "p.jsonl",
        [{"positive": "up", "negative": "down", "domain": "way"}, {"positive": chat, "negative": "bye"}],
    )
    assert found.shape == "pairs"
    assert found.pairs[0].positive == "up"
    assert found.pairs[0].domain == "way"
    assert found.pairs[1].positive == chat


def test_two_replies_to_a_message_keep_the_message(tmp_path: Path) -> None:
    row = {"user": "How is the weather?", "positive": "Glorious!", "negative": "Dreary.", "domain": "sky"}
    found = written(tmp_path, "r.jsonl", [row])
    asked = {"role": "user", "content": "How is the weather?"}
    assert (found.shape, found.pairs[0].domain) == ("replies", "sky")
    assert found.pairs[0].positive == [asked, {"role": "assistant", "content": "Glorious!"}]
    assert found.pairs[0].negative == [asked, {"role": "assistant", "content": "Dreary."}]


def test_a_list_in_one_json_document(tmp_path: Path) -> None:
    found = written(tmp_path, "p.json", [{"positive": "up", "negative": "down"}] * 2)
    assert len(found.pairs) == 2


def test_evals(tmp_path: Path) -> None:
    row = {
        "question": "Is the statement true?",
        "statement": "x",
        "label_confidence": 0.9,
        "answer_matching_behavior": " Yes",
        "answer_not_matching_behavior": " No",
    }
    found = written(tmp_path, "e.jsonl", [row, row])
    assert found.shape == "evals"
    asked = {"role": "user", "content": "Is the statement true?"}
    assert found.pairs[0].positive == [asked, {"role": "assistant", "content": "Yes"}]


def test_a_trait_file_crosses_instructions_with_questions(tmp_path: Path) -> None:
    trait = {
        "instruction": [{"pos": "Be kind.", "neg": "Be cold."}, {"pos": "Be warm.", "neg": "Be curt."}],
        "questions": ["Who?", "Why?", "When?"],
        "eval_prompt": "…",
    }
    found = written(tmp_path, "kind.json", trait)
    assert (found.shape, len(found.pairs)) == ("trait", 6)
    assert found.pairs[4].positive == [
        {"role": "system", "content": "Be warm."},
        {"role": "user", "content": "Why?"},
    ]


def test_stored_responses_of_personas(tmp_path: Path) -> None:
    def reply(kind: str, system: str) -> dict[str, str]:
        return {"persona_type": kind, "system_prompt": system, "response": f"as {system}"}

    row = {
        "query": "Who are you?",
        "responses": [
            reply("assistant", "a"), reply("assistant", "b"),
            *(reply("non_assistant", s) for s in "xyz"),
        ],
    }  # fmt: skip
    found = written(tmp_path, "r.json", [row, row])
    assert (found.shape, len(found.pairs)) == ("responses", 6)
    assert [pair.positive[0]["content"] for pair in found.pairs[:3]] == ["a", "b", "a"]
    assert found.pairs[2].negative[2] == {"role": "assistant", "content": "as z"}


def test_narratives_mark_their_decision(tmp_path: Path) -> None:
    row = {
        "domain": "work",
        "determined": {"context": "She had to", "continuation": "finish."},
        "drifting": {"context": "She had", "continuation": "no wish."},
    }
    pair = written(tmp_path, "n.jsonl", [row]).pairs[0]
    assert pair.positive == "She had to finish."
    assert pair.begins == (len("She had to"), len("She had"))


def test_honest_and_deceptive_answers(tmp_path: Path) -> None:
    found = written(tmp_path, "h.jsonl", [{"question": "Where?", "honest": "Here.", "deceptive": "There."}])
    assert found.poles == ("honest", "deceptive")
    assert found.pairs[0].negative[1]["content"] == "There."


def test_prompts_alone_compare_two_models(tmp_path: Path) -> None:
    found = written(tmp_path, "s.csv", 'category,prompt\nwork,"Say, why?"\nhome,Go on\n')
    assert (found.shape, len(found.prompts), len(found.pairs)) == ("prompts", 2, 0)
    with pytest.raises(BadInput, match="needs ≥ 2 pairs, has 0; its 2 prompts can compare two models"):
        found.validated()


def test_csv_with_bom_crlf_and_line_breaks_in_quotes(tmp_path: Path) -> None:
    text = '\ufeffpositive,negative\r\n"up,\r\nand on",down\r\nin,out\r\n'
    found = written(tmp_path, "p.csv", text.encode("utf-8"))
    assert [pair.positive for pair in found.pairs] == ["up,\r\nand on", "in"]


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.csv", "positive,negatvie\nup,down\n", "line 2: no positive and negative"),
        ("a.csv", "positive,negative\nup,down\nin\n", "line 3: 1 cells, the header has 2"),
        ("a.csv", 'positive,negative\nup,down\nin,"out\n', "line 3: "),
        ("a.csv", b"positive,negative\nup,do\0wn\n", "line 2: holds a NUL byte"),
        ("a.csv", "", "no entries"),
        ("a.jsonl", '{"positive": "a", "negative": "b"}\n\n["up", "down"]\n', "line 3: not an object"),
        ("a.jsonl", '{"positive": "a", "negative": "b"}\n{"positive": "a"}\n', "line 2: missing key 'negative'"),
        ("a.jsonl", '{"positive": "a", "negative": "b"}\n{"positive": \n', "line 2: not valid JSON"),
        ("a.jsonl", b'{"positive": "' + b"x" * (9 << 20) + b'", "negative": "b"}\n', "line 1: longer than"),
        ("a.jsonl", b'{"positive": "a", "negative": "b"}\n\xff\xfe\n', "line 2: not UTF-8"),
        ("a.jsonl", '{"positive": 3, "negative": "b"}\n', "line 1: positive has to be a text"),
        ("a.jsonl", '{"positive": [{"role": "user"}], "negative": "b"}\n', "line 1: positive has a message"),
        ("a.jsonl", "[" * 100_000 + "\n", "line 1: not valid JSON"),
        ("a.json", {"instruction": {"pos": "x"}, "questions": []}, "have to be lists"),
        ("a.json", [{"weight": 1}], "entry 1: no positive and negative"),
    ],
)  # fmt: skip
def test_what_is_broken_is_named_by_its_place(tmp_path: Path, name: str, content: Any, sentence: str) -> None:
    with pytest.raises(BadInput) as caught:
        written(tmp_path, name, content)
    assert sentence in str(caught.value)
    assert str(caught.value).startswith(f"{name}: ")
    assert caught.value.exit_code == 4


def test_a_missing_file_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"gone\.jsonl: no such file"):
        vectors.contrast(tmp_path / "gone.jsonl")
