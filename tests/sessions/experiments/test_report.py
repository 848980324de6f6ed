"""A report from any experiment's events: whole, harmless to open, honest without matplotlib, and without a key."""

from __future__ import annotations

import json
from importlib import util
from pathlib import Path
from typing import Any

import pytest

from core.errors import UsageError
from core.jobs.job import Artifact, JobSample, Point
from core.mixer.mixer import Mixer
from sessions.experiments.common.sampler import SamplePrompt
from sessions.experiments.report import labels, pictures, tables, texts
from sessions.experiments.report.found import ReportData
from tests.sessions.experiments.running import events, report
from tests.sessions.experiments.scripted import ScriptedVoice, dose

KEY = "sk-ant-api03-planted-in-an-answer"
ASKED = {"vector": "scripted", "prompts": "english", "n": 4, "measure": "words:plan"}


def says(prompt: SamplePrompt, mixer: Mixer) -> str:
    x = int(2 * dose(mixer))
    return " ".join(["plan"] * max(0, 4 + x) + ["other"] * max(0, 4 - x))


def hostile(prompt: SamplePrompt, mixer: Mixer) -> str:
    return f"\x1b[31m# red <script>alert(1)</script> | {KEY}"


def written(folder: Path, name: str = "sweep", script: Any = says, **params: Any) -> str:
    voice = ScriptedVoice(script, projects=lambda text: float(text.count("plan")), name="scripted model")
    found = events(name, voice, {**ASKED, "report": str(folder), **params})
    named = [Path(event.path) for event in found if isinstance(event, Artifact)]
    assert named
    assert all(path.is_file() for path in named)
    return (folder / "report.md").read_text()


def test_a_sweep_s_report_has_its_command_its_tables_and_its_pictures(tmp_path: Path) -> None:
    text = written(tmp_path)
    assert "steertui run sweep scripted" in text
    assert "n = 4 · seed 0" in text
    assert "| level" in text
    assert "## Control" in text
    for picture in ("words-plan", "coherence", "projection-on-the-vector"):
        assert f"({picture}.png)" in text
        assert (tmp_path / f"{picture}.png").read_bytes().startswith(b"\x89PNG")
        assert b"<svg" in (tmp_path / f"{picture}.svg").read_bytes()


def test_all_texts_and_rows_lie_beside_it(tmp_path: Path) -> None:
    written(tmp_path)
    samples = [json.loads(line) for line in (tmp_path / "samples.jsonl").read_text().splitlines()]
    rows = [json.loads(line) for line in (tmp_path / "rows.jsonl").read_text().splitlines()]
    assert len(samples) == 4 * 13
    assert {row["table"] for row in rows} == {"doses", "steerability", "answers"}


def test_several_random_directions_are_one_grey_bundle_and_two_kinds_of_control_are_not(
    tmp_path: Path,
) -> None:
    def curves(*names: str) -> dict[str, tuple[bool, bool, bool]]:
        points = {name: [Point(f"m, {name}", 0.0, 1.0, 0.5, 1.5)] for name in names}
        return {
            curve.name: (curve.quiet, curve.dashed, curve.low is None)
            for curve in pictures._to_plot_curves(points)
        }

    assert curves("vector", "random", "random 2") == {
        "vector": (False, False, False), "random": (True, True, True), "random 2": (True, True, True),
    }  # fmt: skip
    assert curves("activation", "random", "shuffled weights") == {
        "activation": (False, False, False), "random": (False, True, False), "shuffled weights": (False, True, False),
    }  # fmt: skip


def test_axes_are_named_with_their_units_and_the_event_is_marked() -> None:
    assert labels.y_label("nll") == "−log p of a token, read unsteered (nats)"
    assert labels.y_label("determined") == "determined"
    traced = ReportData({"summary": {"by": "tokens from the flip"}})
    assert (labels.x_label(traced), labels.marked_places(traced)) == (
        "tokens from the flip",
        [(0.0, "the flip")],
    )
    drifted = ReportData({"summary": {"by": "turn", "lines": {"its words": -0.1, "at its start": None}}})
    assert labels.alert_lines(drifted, "its words") == [(-0.1, "alert")]
    assert labels.alert_lines(drifted, "at its start") == labels.alert_lines(drifted, "determined") == []
    swept = ReportData({"summary": {"by": "scale", "unit": "natural", "window": [None, 0.5]}})
    assert (labels.x_label(swept), labels.marked_places(swept)) == (
        "scale (natural)",
        [(0.5, "edge of the window")],
    )


def test_comparisons_have_their_texts_side_by_side_and_bars(tmp_path: Path) -> None:
    text = written(tmp_path, "compare", other="another")
    head = text.index("### english-1")
    block = text[head : text.index("###", head + 4)]
    assert "**unsteered**" in block
    assert "**scripted +1 · repeats, loops**" in block.replace("\\", "")
    assert (tmp_path / "compare-words-plan.svg").is_file()
    header = (tmp_path / "comparison.md").read_text().splitlines()[0]
    assert header.startswith(
        "| prompt | unsteered | scripted -1 | scripted +0.5 | scripted +1 | another -1 |"
    )
    assert header.count("|") == 10


def test_what_a_model_says_cannot_act_and_no_key_is_in_any_file(tmp_path: Path) -> None:
    text = written(tmp_path, script=hostile)
    assert "\x1b" not in text
    assert "<script>" not in text
    for file in tmp_path.iterdir():
        assert KEY.encode() not in file.read_bytes()


def test_without_matplotlib_the_tables_stand_and_one_line_says_why_there_are_no_plots(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = util.find_spec
    monkeypatch.setattr(pictures, "find_spec", lambda name: None if name == "matplotlib" else find(name))
    text = written(tmp_path)
    assert text.count(pictures.MISSING) == 1
    assert "| level" in text
    assert not list(tmp_path.glob("*.png"))


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot write the report"):
        written(tmp_path / "file" / "deeper")


def test_a_report_is_no_part_of_what_an_experiment_is(tmp_path: Path) -> None:
    voice = ScriptedVoice(says)
    assert "report" not in report("sweep", voice, {**ASKED, "report": str(tmp_path)})["params"]


def test_tables_show_intervals_beside_their_numbers_and_dashes_for_nothing() -> None:
    rows = [
        {"table": "t", "key": "a", "name": "a|b", "score": 0.5, "score_lo": 0.25, "score_hi": 1.0},
        {
            "table": "t",
            "key": "b",
            "name": "c",
            "score": None,
            "score_lo": None,
            "score_hi": None,
            "ok": True,
        },
    ]
    assert list(tables.markdown_table(rows)) == [
        "| name | score         | ok  |",
        "|------|---------------|-----|",
        "| a\\|b | 0.5 [0.25, 1] | –   |",
        "| c    | –             | yes |",
    ]


def test_a_comparison_table_has_prompts_down_and_conditions_across() -> None:
    said = [JobSample("none", "p1", "a"), JobSample("+s", "p1", "b | c\nd"), JobSample("none", "p2", "<e>")]
    assert texts.comparison_table(said).splitlines() == [
        "| prompt | none | +s |",
        "| --- | --- | --- |",
        "| p1 | a | b \\| c d |",
        "| p2 | \\<e\\> |  |",
    ]


def test_a_wide_table_is_cut_into_parts_that_fit_and_all_begin_with_the_words() -> None:
    rows = [
        {
            "table": "t",
            "key": str(n),
            "condition": f"c{n}",
            "against": "d",
            "value": 1.5,
            "value_lo": 1,
            "value_hi": 2,
        }
        | {f"measure {k}": k / 3 for k in range(9)}
        for n in range(3)
    ]
    parts = "\n".join(tables.fitting_tables(rows, 60)).split("\n\n")
    assert len(parts) > 1
    assert max(len(line) for part in parts for line in part.splitlines()) <= 60
    heads = [[word.strip() for word in part.splitlines()[0].strip("|").split("|")] for part in parts]
    assert all(head[:2] == ["condition", "against"] for head in heads)
    assert [name for head in heads for name in head[2:]] == ["value", *(f"measure {k}" for k in range(9))]
    # Where it fits it is the table itself, and one column is never cut.
    assert list(tables.fitting_tables(rows, 500)) == list(tables.markdown_table(rows))
    assert len("\n".join(tables.fitting_tables(rows, 1)).split("\n\n")) == 10
