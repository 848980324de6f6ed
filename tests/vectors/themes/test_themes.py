"""The linearity score as users run it: files of themes, embedded by a file or a model, each run beside the others."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from steertui.cli.main import main

WORK = ("He finished the parser.", "She kept debugging the login page.", "He ran every test again.")
REST = ("He lay down and listened to the ocean.", "She watched the clouds.", "He went to feed the kitten.")
SEA = ("Avast, hoist the sails!", "Ahoy, the treasure is ours, matey.", "Arr, walk the plank!")
TOPICS = {text: topic for topic, texts in enumerate((WORK, REST, SEA)) for text in texts}
Say = pytest.CaptureFixture[str]


def embeddings(folder: Path, *without: str) -> str:
    """A file in which sentences of one topic have a cosine of 0.8, and of two topics 0."""
    file = folder / "embeddings.jsonl"
    lines = []
    for number, (text, topic) in enumerate(TOPICS.items()):
        row = np.zeros(12)
        row[topic], row[3 + number] = 2.0, 1.0
        if text not in without:
            lines.append(json.dumps({"text": text, "row": list(row)}) + "\n")
    file.write_text("".join(lines))
    return str(file)


def written(folder: Path, *runs: object) -> Path:
    file = folder / "themes.jsonl"
    file.write_text("".join(json.dumps(run) + "\n" for run in runs))
    return file


def run(name: str, tuned: object, direction: object) -> dict[str, object]:
    return {"name": name, "tuned": tuned, "direction": direction}


def report(capsys: Say, folder: Path, *words: str) -> dict[str, Any]:
    assert main(["themes", *words, "--embeddings", embeddings(folder), "--json", "--own"]) == 0
    return dict(json.loads(capsys.readouterr().out))


def test_sets_that_belong_together_rank_above_their_null(tmp_path: Path, capsys: Say) -> None:
    same = [run(name, list(t), list(reversed(t))) for name, t in (("a", WORK), ("b", REST), ("c", SEA))]
    found = report(capsys, tmp_path, str(written(tmp_path, *same)))
    for facts in found["runs"].values():
        assert facts["score"] == pytest.approx(1.0, abs=1e-5)
        assert facts["p"] == pytest.approx(1 / 3)
        assert facts["null"]["highest"] == pytest.approx(0.0, abs=1e-5)
        assert facts["lowest"] == pytest.approx(0.8)
    assert (found["score"], found["null"]) == pytest.approx((1.0, 0.0), abs=1e-5)


def test_the_planted_cosines_are_the_scores(tmp_path: Path, capsys: Say) -> None:
    """Other sentences of the same topic score the 0.8 that the file gives them."""
    halves = [run("a", [WORK[0]], [WORK[1]]), run("b", [SEA[0]], [SEA[2]])]
    found = report(capsys, tmp_path, str(written(tmp_path, *halves)))
    assert [facts["score"] for facts in found["runs"].values()] == pytest.approx([0.8, 0.8])


def test_sets_in_each_others_place_do_not(tmp_path: Path, capsys: Say) -> None:
    mixed = [
        run("a", list(WORK), list(SEA)),
        run("b", list(SEA), list(REST)),
        run("c", list(REST), list(WORK)),
    ]
    found = report(capsys, tmp_path, str(written(tmp_path, *mixed)))
    for facts in found["runs"].values():
        assert facts["p"] > 1 / 3
        assert facts["null"]["highest"] == pytest.approx(1.0, abs=1e-5)
    assert found["score"] == pytest.approx(0.0, abs=1e-5)
    assert found["null"] == pytest.approx(0.5)


def test_a_theme_nobody_could_name_counts_against_it(tmp_path: Path, capsys: Say) -> None:
    file = written(tmp_path, run("a", [*WORK, None], list(WORK)), run("b", list(REST), list(REST)))
    found = report(capsys, tmp_path, str(file))["runs"]
    assert found["a"]["score"] == pytest.approx(0.75, abs=1e-5)
    assert list(found) == ["b", "a"], "the highest first"


def test_two_lists_of_one_run_have_a_score_and_no_null(tmp_path: Path, capsys: Say) -> None:
    for name, themes in (("tuned", WORK), ("direction", tuple(reversed(WORK)))):
        (tmp_path / f"{name}.txt").write_text("\n".join(themes) + "\n\n")
    words = [str(tmp_path / "tuned.txt"), "--other", str(tmp_path / "direction.txt")]
    found = report(capsys, tmp_path, *words)
    facts = found["runs"]["tuned"]
    assert facts["score"] == pytest.approx(1.0, abs=1e-5)
    assert facts["null"] is facts["p"] is found["null"] is None
    assert main(["themes", *words, "--embeddings", embeddings(tmp_path), "--own"]) == 0
    assert "one run has no null" in capsys.readouterr().out


def test_it_says_what_decided_and_warns_of_opposites(tmp_path: Path, capsys: Say) -> None:
    file = str(written(tmp_path, run("a", list(WORK), list(WORK))))
    assert main(["themes", file, "--embeddings", embeddings(tmp_path), "--own"]) == 0
    said = capsys.readouterr().out
    assert "embedded by embeddings.jsonl (not tested)" in said
    assert '"the tone is warm" and "the tone is cold"' in said
    found = report(capsys, tmp_path, file)
    assert (found["embedded_by"], found["auroc"]) == ("embeddings.jsonl", None)
    assert "warm" in found["warnings"][0]


def test_a_theme_without_a_row_is_named_before_anything_is_scored(tmp_path: Path, capsys: Say) -> None:
    file = str(written(tmp_path, run("a", list(WORK), list(SEA))))
    lacking = embeddings(tmp_path, SEA[1], WORK[2])
    assert main(["themes", file, "--embeddings", lacking, "--own"]) == 4
    said = capsys.readouterr().err
    assert f"embeddings.jsonl: no row for the text '{WORK[2]}' and 1 more" in said


def test_a_model_that_cannot_embed_is_refused_with_its_figure(tmp_path: Path, capsys: Say) -> None:
    file = str(written(tmp_path, run("a", list(WORK), list(WORK))))
    assert main(["themes", file, "--model", "demo-base", "--own"]) == 4
    said = capsys.readouterr()
    assert said.out == ""
    (sentence,) = [line for line in said.err.splitlines() if "AUROC" in line]
    assert re.search(
        r"demo-base cannot embed sentences: .* AUROC of 0\.[3-6]\d .*--embeddings FILE", sentence
    )


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "needs runs"),
        ('{"tuned": ["a"]}\n', "line 1: direction has to be a list of texts"),
        ('{"tuned": [null], "direction": ["b"]}\n', "line 1: tuned has to be a list"),
        ('{"tuned": ["a", 3], "direction": ["b"]}\n', "line 1: tuned has to be a list"),
        ('{"name": "x", "tuned": ["a"], "direction": ["b"]}\n' * 2, "a name of its own"),
        ("[1\n", "line 1"),
    ],
)
def test_what_is_no_file_of_themes_is_named(content: str, sentence: str, tmp_path: Path, capsys: Say) -> None:
    file = tmp_path / "themes.jsonl"
    file.write_text(content)
    assert main(["themes", str(file), "--model", "demo-base"]) == 4
    assert sentence in capsys.readouterr().err
