"""Evaluation files of llm-personality-axes, in their layout and with made-up figures: read safely, drawn beside."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from steertui.cli.main import main
from steertui.cli.verbs.extract import render_extraction
from vectors.errors import VectorFileError
from vectors.extraction.axes import axes_metrics
from vectors.extraction.published import read_evaluation

Say = pytest.CaptureFixture[str]


def figures(d: float) -> dict[str, float]:
    """As its authors' script tells a layer whose classes lie d apart."""
    found = axes_metrics(np.array([d, d + 2]), np.array([0.0, 2.0]))
    names = ("assistant_mean", "non_assistant_mean", "assistant_std", "non_assistant_std")
    values = dict(zip(names, [*found["means"], *found["stds"]], strict=True))
    return values | {"cohens_d": found["d"], "accuracy": found["accuracy"]}


def written(file: Path, **more: Any) -> Path:
    results = {layer: figures(layer / 2) for layer in range(10)}
    told = {"model": "qwen", "extraction_method": "last_token", "best_layer": 7, "all_results": results}
    torch.save(told | more, file)
    return file


@pytest.mark.parametrize("zipped", [True, False])
def test_its_fields_are_ours(tmp_path: Path, zipped: bool) -> None:
    file = written(tmp_path / "eval.pt")
    if not zipped:
        torch.save(torch.load(file), file, _use_new_zipfile_serialization=False)
    found = read_evaluation(file)
    assert (found["name"], found["best_layer"]) == ("qwen last_token", 7)
    assert list(found["layers"]) == [str(layer) for layer in range(10)]
    for layer in range(10):
        x, y = np.array([layer / 2, layer / 2 + 2]), np.array([0.0, 2.0])
        assert found["layers"][str(layer)] == axes_metrics(x, y)


class Payload:
    def __reduce__(self) -> tuple[Any, ...]:
        return print, ("run",)


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"all_results": Payload()}, "contains code"),
        ({"all_results": [1, 2]}, "no evaluation: it has no table 'all_results'"),
        ({"all_results": {}}, "all_results is empty"),
        ({"all_results": {"five": figures(1)}}, "bad layer key five"),
        ({"all_results": {3: 1.0}}, "layer 3: no figures"),
        ({"all_results": {3: figures(1) | {"accuracy": "high"}}}, "layer 3: accuracy is no number"),
        ({"all_results": {3: figures(1) | {"assistant_std": float("nan")}}}, "layer 3: assistant_std is no"),
    ],
)
def test_what_is_none_is_a_sentence_and_runs_nothing(
    more: dict[str, Any], sentence: str, tmp_path: Path, capsys: Say
) -> None:
    with pytest.raises(VectorFileError, match="eval.pt: .*") as refused:
        read_evaluation(written(tmp_path / "eval.pt", **more))
    assert sentence in str(refused.value)
    assert not capsys.readouterr().out


def test_other_files_are_refused_before_any_work(tmp_path: Path, capsys: Say) -> None:
    (tmp_path / "page.pt").write_text("<html>")
    words = ["extract", "--contrast", "pirate", "--model", "demo-base", "--out", str(tmp_path / "v.gguf")]
    assert main([*words, "--beside", str(tmp_path / "page.pt")]) == 4
    assert "page.pt: not a torch file" in capsys.readouterr().err


def test_it_is_told_and_drawn_beside_what_is_found_here(tmp_path: Path, capsys: Say) -> None:
    file, plot = written(tmp_path / "eval.pt"), tmp_path / "p.svg"
    words = ["extract", "--contrast", "pirate", "--model", "demo-base", "--no-dose", "--beside", str(file)]
    assert main([*words, "--out", str(tmp_path / "v.gguf"), "--plot", str(plot), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["published"]["layers"]["7"]["d"] == pytest.approx(3.5)
    assert set(report["published"]["layers"]["7"]) == set(report["layers"]["7"]["axes"])
    assert "qwen last_token" in plot.read_text(encoding="utf-8")
    rows = list(render_extraction(report))
    assert "qwen last_token" in next(row for row in rows if "d here" in row), "in the chart's legend"
    assert any("qwen last_token: best layer 7, d 3.50, accuracy" in row for row in rows)
