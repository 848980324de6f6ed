"""The built-in sets: their counts, that a pair differs in its trait only, and how a set is split."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from itertools import combinations, product
from pathlib import Path
from typing import Any

import pytest

import core
import vectors
from core.errors import BadInput, UsageError
from core.jobs.job import End, Job
from core.jobs.runner import run
from steertui.cli.main import main
from vectors.contrasts import english
from vectors.contrasts.catalogue import BUILT_IN
from vectors.contrasts.lint.repetition import word_grams
from vectors.contrasts.writing.by_model import answer_pairs, rejection_reason
from vectors.contrasts.writing.job import answer_with_model
from vectors.texts.pair import ContrastPair, ContrastSet, last_message_text, split_pairs

COUNTS = {
    "determined-drifting": 200,
    "assistant-persona": 200,
    "pirate": 200,
    "follow-up-questions": 200,
    "motivation": 130,
    "persona": 100,
    "honesty": 126,
    "questions": 130,
    "empathy": 130,
    "prescriptiveness": 130,
    "sycophancy": 126,
    "refusal": 126,
    "subjects": 100,
}


@pytest.mark.parametrize(("name", "count"), COUNTS.items())
def test_every_set_is_whole(name: str, count: int) -> None:
    found = vectors.contrast(name).validated()
    assert len(found.pairs) == count
    assert len({pair.key for pair in found.pairs}) >= 0.95 * count
    assert all(pair.domain for pair in found.pairs)
    assert vectors.contrast(name).sha256 == found.sha256


def test_no_set_is_left_out() -> None:
    assert set(BUILT_IN) == set(COUNTS)


WRITTEN = ("motivation", "honesty", "questions", "empathy", "prescriptiveness", "sycophancy", "refusal")
"""The sets that are written pair by pair."""


@pytest.mark.parametrize("name", WRITTEN)
def test_a_written_set_is_large_and_covers_many_domains(name: str) -> None:
    domains = vectors.contrast(name).domains
    assert sum(domains.values()) >= 120
    assert len(domains) >= 5
    assert min(domains.values()) >= 10


@pytest.mark.parametrize("name", WRITTEN)
def test_sides_end_alike(name: str) -> None:
    """The last character, mostly a mark, is the same; where a reply may ask at its end, in three of four pairs."""
    pairs = vectors.contrast(name).pairs
    alike = sum(
        last_message_text(pair.positive)[-1] == last_message_text(pair.negative)[-1] for pair in pairs
    )
    assert alike >= (0.75 if name == "questions" else 0.9) * len(pairs)


def test_sentences_of_different_subject_pairs_differ() -> None:
    """The roles are exchanged within a pair; no sentence shares most of its 3-grams with one of another pair."""
    grams = [
        [set(word_grams(str(side), frozenset())) for side in (pair.positive, pair.negative)]
        for pair in vectors.contrast("subjects").pairs
    ]
    for (number, one), (other_number, other) in combinations(enumerate(grams), 2):
        for first, second in product(one, other):
            shared = len(first & second)
            assert shared <= min(len(first), len(second)) / 2, (number, other_number)


def test_a_set_names_its_read_and_its_poles() -> None:
    assert {name: built.read for name, built in BUILT_IN.items() if built.read != "last"} == dict.fromkeys(
        ("honesty", "questions", "empathy", "prescriptiveness", "sycophancy"), "response-mean"
    )
    assert vectors.contrast("refusal").poles == ("harmful request", "harmless request")
    assert all(all(built.poles) and built.poles[0] != built.poles[1] for built in BUILT_IN.values())


def test_motivation_differs_in_the_middle_only() -> None:
    found = vectors.contrast("motivation")
    for pair, row in zip(found.pairs, english.read_rows("motivation"), strict=True):
        assert isinstance(pair.positive, str)
        assert isinstance(pair.negative, str)
        assert pair.positive.startswith(row["opening"])
        assert pair.negative.startswith(row["opening"])
        assert pair.positive.split()[-3:] == pair.negative.split()[-3:]
    lengths = [len(side.split()) for pair in found.pairs for side in (pair.positive, pair.negative)]
    assert min(lengths) > 15
    assert max(lengths) < 50
    longer = sum(len(pair.positive.split()) for pair in found.pairs)
    shorter = sum(len(pair.negative.split()) for pair in found.pairs)
    assert abs(longer - shorter) / longer < 0.1, "length must not give the class away"


def test_persona_cycles_three_assistants_and_six_others() -> None:
    pairs = vectors.contrast("persona").pairs
    ours = [pair.positive[0]["content"] for pair in pairs]
    others = [pair.negative[0]["content"] for pair in pairs]
    assert ours == [ours[n % 3] for n in range(100)]
    assert others == [others[n % 6] for n in range(100)]
    assert len(set(ours)) == 3
    assert len(set(others)) == 6
    assert all(pair.positive[1] == pair.negative[1] for pair in pairs)


def test_replies_answer_the_same_message() -> None:
    for name in ("questions", "empathy", "prescriptiveness", "sycophancy"):
        for pair in vectors.contrast(name).pairs:
            assert pair.positive[:-1] == pair.negative[:-1]
            assert pair.positive[-1]["content"] != pair.negative[-1]["content"]


def test_replies_ask_with_and_without_a_mark() -> None:
    """“Tell me …” asks too, and a question may be rhetorical: the mark alone is not the trait."""
    pairs = vectors.contrast("questions").pairs
    asks = sum("?" in last_message_text(pair.positive) for pair in pairs)
    states = sum("?" in last_message_text(pair.negative) for pair in pairs)
    assert 0.85 * len(pairs) < asks < len(pairs)
    assert 0 < states < 0.2 * len(pairs)


def test_subjects_share_every_word() -> None:
    for pair in vectors.contrast("subjects").pairs:
        assert isinstance(pair.positive, str)
        assert isinstance(pair.negative, str)
        assert Counter(pair.positive.split()) == Counter(pair.negative.split())
        assert pair.positive.split()[-1] == pair.negative.split()[-1] == pair.positive.split()[1]


def test_honest_answers_are_short() -> None:
    for pair in vectors.contrast("honesty").pairs:
        assert max(len(pair.positive[-1]["content"].split()), len(pair.negative[-1]["content"].split())) <= 7


def test_a_split_is_seeded_and_keeps_equal_pairs_together() -> None:
    keys = [f"pair {n}" for n in range(100)]
    found = split_pairs(keys, 0.2, 42)
    assert len(found.holdout) == 20
    assert sorted((*found.train, *found.holdout)) == list(range(100))
    assert found == split_pairs(keys, 0.2, 42)
    assert found != split_pairs(keys, 0.2, 43)
    doubled = split_pairs([f"pair {n % 10}" for n in range(100)], 0.2, 0)
    assert {n % 10 for n in doubled.train}.isdisjoint(n % 10 for n in doubled.holdout)
    assert len(doubled.holdout) == 20


def test_too_few_pairs_for_a_holdout_all_train() -> None:
    assert split_pairs(["a", "b", "c"], 0.2, 0).holdout == ()
    assert split_pairs([str(n) for n in range(10)], 0.0, 0).holdout == ()


def test_identical_and_single_pairs_are_refused() -> None:
    fine = [ContrastPair("yes", "no"), ContrastPair("up", "down"), ContrastPair("in", "out")]
    with pytest.raises(BadInput, match="pair 4 identical"):
        ContrastSet("mine", (*fine, ContrastPair("same", "same"))).validated()
    with pytest.raises(BadInput, match="needs ≥ 2 pairs, has 1"):
        ContrastSet("mine", tuple(fine[:1])).validated()


def test_the_texts_of_a_set_as_a_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What both sides share stands once; each side below it under its pole, cut, and whole in JSON."""
    assert main(["contrast", "show", "persona", "--rows", "2"]) == 0
    out = capsys.readouterr().out
    assert "   1  explanations · user: How do vaccines work?\n" in out
    assert "   + assistant  system: You are a helpful assistant." in out
    assert out.count("How do vaccines work?") == 1
    assert out.count("   − persona    system: ") == 2
    assert main(["contrast", "show", "persona", "--rows", "0", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert [row["n"] for row in rows] == [*range(1, 101)]
    assert rows[0]["positive"][-1] == rows[0]["negative"][-1]
    (tmp_path / "asked.jsonl").write_text(json.dumps({"prompt": "how " * 100}) + "\n")
    assert main(["contrast", "show", str(tmp_path / "asked.jsonl"), "--rows", "5"]) == 0
    assert "   1  user: how how" in (out := capsys.readouterr().out)
    assert max(map(len, out.splitlines())) < 220


def test_the_verb_lists_and_shows(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["contrast", "list", "--json"]) == 0
    listed = {row["name"]: row["pairs"] for row in json.loads(capsys.readouterr().out)["sets"]}
    assert listed == COUNTS
    assert main(["contrast", "list"]) == 0
    assert "+ harmful request, − harmless request  (read last)" in capsys.readouterr().out
    assert main(["contrast", "show", "motivation", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["pairs"] == 130
    assert shown["read"] == "last"
    assert shown["poles"] == ["determined", "drifting"]
    assert shown["first"]["positive"].startswith("Nadia's test suite")
    assert main(["contrast", "show", "persona"]) == 0
    assert "+ assistant: system: You are a helpful assistant." in capsys.readouterr().out
    assert main(["contrast", "show", "motivatoin"]) == 4
    assert "neither a file nor one of" in capsys.readouterr().err


def test_a_model_writes_the_replies_of_a_set(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ask = [{"role": "user", "content": "Help me with the parser."}]
    rows = [
        {"positive": [{"role": "system", "content": hint}, *ask], "negative": ask}
        for hint in ("You are a pirate.", "You are a poet.", "You are a drifter.")
    ]
    source, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text("".join(json.dumps(row) + "\n" for row in rows))
    words = ["contrast", "make", str(source), "--with-model", "--model", "demo-base", "--max-new", "8"]
    assert main([*words, "--out", str(out), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    found = vectors.contrast(out)
    assert report["pairs"] == len(found.pairs)
    assert report["pairs"] + sum(report["left_out"].values()) == 3
    first = found.pairs[0]
    assert first.positive[:-1] == rows[0]["positive"]
    assert first.positive[-1]["role"] == "assistant"
    assert first.positive[-1]["content"] != first.negative[-1]["content"]
    before = out.read_bytes()
    assert main([*words, "--out", str(out), "--json"]) == 0
    assert out.read_bytes() == before
    capsys.readouterr()
    assert (
        main(["contrast", "make", "motivation", "--with-model", "--model", "demo-base", "--out", str(out)])
        == 2
    )
    assert "is not a conversation" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("first", "second", "most", "why"),
    [
        ("Paris.", "Lyon.", 7, None),
        ("Paris.", "Paris.", None, "same"),
        ("", "Lyon.", None, "empty"),
        ("It is the city of Paris, in France.", "Lyon.", 7, "length"),
        ("It is the city of Paris, in France.", "Lyon.", None, None),
    ],
)
def test_answers_that_make_no_pair(first: str, second: str, most: int | None, why: str | None) -> None:
    assert rejection_reason(first, second, most) == why


def end_of(work: Job) -> dict[str, Any]:
    end = list(run(work))[-1]
    assert isinstance(end, End)
    return dict(end.summary)


def test_honest_and_deceptive_answers_are_short(tmp_path: Path) -> None:
    """The demo model talks at length: under the set's own limit of seven words nothing is left, and it says so."""
    model, whole = core.load("demo-base"), vectors.contrast("honesty")
    few = replace(whole, pairs=whole.pairs[:4])
    with pytest.raises(BadInput, match="gave no pair two different answers"):
        end_of(answer_pairs(model, few, tmp_path / "out.jsonl", 16))
    found = end_of(answer_pairs(model, few, tmp_path / "out.jsonl", 16, 50))
    assert found["pairs"] > 0
    assert found["pairs"] + sum(found["left_out"].values()) == 4


def test_questions_are_asked_under_two_system_prompts(tmp_path: Path) -> None:
    source, out = tmp_path / "asked.csv", tmp_path / "out.jsonl"
    questions = ("Help me with the parser.", "Help me with the parser!", "Tell me about the lute.")
    source.write_text("prompt\n" + "".join(f"{question}\n" for question in questions))
    model = core.load("demo-instruct")
    roles = {"positive": "You are determined.", "negative": "You are a drifter."}
    asked = {"set": str(source), "out": str(out), "max_new": 12, **roles}
    found = end_of(answer_with_model(model, asked))
    assert found["duplicates"] == 1
    assert found["pairs"] + sum(found["left_out"].values()) == 2
    first = vectors.contrast(out).pairs[0]
    assert [side[0]["content"] for side in (first.positive, first.negative)] == list(roles.values())
    assert [message["role"] for message in first.positive] == ["system", "user", "assistant"]
    with pytest.raises(UsageError, match="give both"):
        end_of(answer_with_model(model, {**asked, "negative": None}))


def test_sets_need_no_torch() -> None:
    code = "import sys, vectors; vectors.contrast('pirate'), vectors.contrast('persona'); print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
