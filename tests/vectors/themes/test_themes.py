"""The linearity score as users run it: files of themes, embedded by a model, each run beside the others."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from steertui.cli.main import main

WORK = ("He finished the parser.", "She kept debugging the login page.", "He ran every test again.")
REST = ("He lay down and listened to the ocean.", "She watched the clouds.", "He went to feed the kitten.")
SEA = ("Avast, hoist the sails!", "Ahoy, the treasure is ours, matey.", "Arr, walk the plank!")
Say = pytest.CaptureFixture[str]


def written(folder: Path, *runs: object) -> Path:
    file = folder / "themes.jsonl"
    file.write_text("".join(json.dumps(run) + "\n" for run in runs))
    return file


def run(name: str, tuned: object, direction: object) -> dict[str, object]:
    return {"name": name, "tuned": tuned, "direction": direction}


def scored(capsys: Say, *words: str) -> dict[str, dict[str, object]]:
    assert main(["themes", *words, "--model", "demo-base", "--json"]) == 0
    return dict(json.loads(capsys.readouterr().out)["runs"])


def test_sets_that_belong_together_rank_above_their_null(tmp_path: Path, capsys: Say) -> None:
    same = [run(name, list(t), list(reversed(t))) for name, t in (("a", WORK), ("b", REST), ("c", SEA))]
    found = scored(capsys, str(written(tmp_path, *same)))
    for facts in found.values():
        assert facts["score"] == pytest.approx(1.0, abs=1e-5)
        assert facts["p"] == pytest.approx(1 / 3)
        assert facts["null"]["highest"] < 0.999  # type: ignore[index]


def test_sets_in_each_others_place_do_not(tmp_path: Path, capsys: Say) -> None:
    mixed = [
        run("a", list(WORK), list(SEA)),
        run("b", list(SEA), list(REST)),
        run("c", list(REST), list(WORK)),
    ]
    for facts in scored(capsys, str(written(tmp_path, *mixed))).values():
        assert facts["p"] > 1 / 3  # type: ignore[operator]
        assert facts["null"]["highest"] == pytest.approx(1.0, abs=1e-5)  # type: ignore[index]


def test_a_theme_nobody_could_name_counts_against_it(tmp_path: Path, capsys: Say) -> None:
    file = written(tmp_path, run("a", [*WORK, None], list(WORK)), run("b", list(REST), list(REST)))
    found = scored(capsys, str(file))
    assert found["a"]["score"] == pytest.approx(0.75, abs=1e-5)
    assert list(found) == ["b", "a"], "the highest first"


def test_two_lists_of_one_run_have_a_score_and_no_null(tmp_path: Path, capsys: Say) -> None:
    for name, themes in (("tuned", WORK), ("direction", tuple(reversed(WORK)))):
        (tmp_path / f"{name}.txt").write_text("\n".join(themes) + "\n\n")
    words = [str(tmp_path / "tuned.txt"), "--other", str(tmp_path / "direction.txt")]
    facts = scored(capsys, *words)["tuned"]
    assert facts["score"] == pytest.approx(1.0, abs=1e-5)
    assert facts["null"] is facts["p"] is None
    assert main(["themes", *words, "--model", "demo-base"]) == 0
    assert "one run has no null" in capsys.readouterr().out


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
