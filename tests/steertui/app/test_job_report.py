"""A job's report adds up from its events alone, with the times of the journal; hostile values are drawn as text."""

from __future__ import annotations

import pytest

from core.jobs import job
from sessions.journal import events as ev
from sessions.journal.codec import JournalRecord
from steertui.screens.jobs.job_list import JobReports
from steertui.screens.jobs.job_panel import StageProgress
from steertui.screens.jobs.job_report import SAMPLES, JobReport
from steertui.screens.jobs.queue import _job_line as queue_line
from steertui.screens.jobs.queue import job_subject
from steertui.screens.jobs.results import views
from steertui.screens.jobs.results.figures import format_value
from steertui.screens.jobs.results.table import column_curve, drawable_columns, render_table
from steertui.screens.jobs.results.tables import format_duration
from tests.steertui.hostile import HOSTILE, talks_to_terminal
from tests.steertui.widgets.test_chart import COLOURS as INKS

COLOURS = INKS | {"error": "#ff0000"}
LAYERS = {
    "0": {"d": 1, "accuracy": 0.5, "accuracy_ci": [0.25, 0.75], "n": 80},
    "1": {"d": 2.5, "accuracy": 0.75, "accuracy_ci": [0.5, 1.0], "n": 80},
    "2": {"d": None, "accuracy": 1.0, "accuracy_ci": [0.75, 1.0], "n": 80},
}


def told(*events: job.JobEvent, kind: str = "extract", end: str = "", step_ms: int = 1000) -> JobReports:
    """A ledger that has heard a job say this, one event a second."""
    ledger = JobReports()
    records = [ev.JobChanged(job=1, kind=kind, state="running", params={"contrast": "pirate"})]
    records += [ev.JobChanged(job=1, kind=kind, state="running", event=event.to_json()) for event in events]
    if end:
        message = "it broke" if end == "failed" else ""
        records.append(ev.JobChanged(job=1, kind=kind, state=end, event={"n": 3}, message=message))
    for n, event in enumerate(records):
        ledger.on_record(JournalRecord(n, step_ms if n else 0, event))
    return ledger


def page(report: JobReport, name: str = views.OVERVIEW, width: int = 80) -> str:
    view = views.PageContext(report.at, width, 24, "", COLOURS)
    return "\n".join(line.plain for line in views.page_lines(report, name, view))


def test_rate_and_time_left_come_from_the_journal_s_clock() -> None:
    ledger = told(*(job.Progress(done, 40, "texts") for done in (10, 14, 18)))
    stage = ledger.reports[1].stage
    assert stage is not None
    assert stage.rate == pytest.approx(4.0)
    assert stage.seconds_left(ledger.clock) == pytest.approx(5.5)
    assert stage.seconds_left(ledger.clock + 2) == pytest.approx(3.5)
    assert "18/40  4/s  5.5 s left" in page(ledger.reports[1])


def test_the_first_report_is_measured_from_the_stage_s_beginning() -> None:
    stage = StageProgress("texts", began=2.0)
    assert stage.rate is None
    stage.set_progress(10, 20, at=7.0)
    assert stage.rate == pytest.approx(2.0)
    stage.set_progress(10, 20, at=9.0)
    assert stage.rate == pytest.approx(2.0)


def test_a_job_has_a_stage_for_every_unit_and_a_line_for_each() -> None:
    report = told(job.Progress(4, 4, "texts"), job.Progress(1, 2, "doses"), end="done").reports[1]
    assert [stage.unit for stage in report.stages] == ["texts", "doses"]
    assert [entry.words for entry in report.log] == ["running", "4/4 texts", "1/2 doses", "done"]


def test_a_job_that_runs_is_never_at_100_and_its_later_stages_are_counted() -> None:
    report = told(job.Progress(4, 4, "texts"), job.Progress(5, 5, "doses")).reports[1]
    assert report.percent == 99
    assert "5/5 · stage 2" in page(report)


def test_pages_are_what_there_is_to_see() -> None:
    assert views.page_names(told().reports[1]) == ["overview", "log"]
    report = told(
        *(job.Row("layers", key, values) for key, values in LAYERS.items()),
        job.Cell("cosine", "0", "mlp", 0.5),
        job.JobSample("+1", "prompt 0", "words"),
        job.Row("cost", "at most", {"answers": 12, "judge_calls": 0}),
    ).reports[1]
    assert views.page_names(report) == ["overview", "curves", "layers", "cosine", "samples", "log"]
    assert "at most 12 answers" in page(report)
    assert "+0.50" in page(report, "cosine")
    assert "words" in page(report, "samples")


def test_a_table_is_drawn_over_its_keys_the_measured_with_their_intervals_first() -> None:
    assert drawable_columns(LAYERS) == ["accuracy", "d"]
    drawn = column_curve(LAYERS, "accuracy")
    assert [(dot.x, dot.y, dot.low, dot.high) for dot in drawn.dots][1] == (1.0, 0.75, 0.5, 1.0)
    assert [dot.x for dot in column_curve(LAYERS, "d").dots] == [0.0, 1.0]
    assert drawable_columns({"a": {"d": 1}, "b": {"d": 2}, "c": {"d": 3}}) == []


def test_a_table_lines_up() -> None:
    lines = [line.plain for line in render_table(LAYERS, COLOURS)]
    assert lines[0].split() == ["d", "accuracy", "accuracy_ci", "n"]
    assert lines[1].split() == ["0", "1.000", "0.500", "0.250", "…", "0.750", "80"]
    assert lines[3].split()[:2] == ["2", "–"]
    assert len({len(line) for line in lines}) == 1


def test_a_failure_is_one_sentence_and_a_lost_engine_says_how_to_go_on() -> None:
    assert "✗ it broke" in page(told(end="failed").reports[1])
    ledger = told(job.Progress(1, 9, "texts"))
    ledger.on_record(JournalRecord(9, 0, ev.SessionOpened(session="s", app="a", wall="w")))
    assert ledger.reports[1].state == "lost"
    assert "r resumes the job" in page(ledger.reports[1])


def test_a_verdict_is_one_sentence_first_and_its_reasons_are_named_once() -> None:
    ledger = told(kind="check")
    end = {
        "verdict": "amber",
        "reasons": ["its sign is reversed", "neighbours point random ways", "and so on"],
    }
    ledger.on_record(JournalRecord(9, 0, ev.JobChanged(job=1, kind="check", state="done", event=end)))
    drawn = page(ledger.reports[1])
    assert drawn.splitlines()[1] == "AMBER  may move it, with reservations: its sign is reversed"
    assert drawn.count("reasons") == 1
    assert "verdict" not in drawn
    lines = [line for line in drawn.splitlines() if "random ways" in line or "and so on" in line]
    assert all(line.startswith(" " * 14) for line in lines)
    assert len(lines) == 2


def test_a_plot_names_its_axis_and_what_it_measures() -> None:
    points = (job.Point("echo", dose, dose / 2) for dose in (-1.0, 0.0, 1.0))
    report = told(*points, kind="check").reports[1]
    for name in (views.OVERVIEW, "curves"):
        assert "max 0.5 at dose 1" in page(report, name)
        assert "projection of the text on the vector, unsteered, in ‖h‖" in page(report, name)
    other = told(job.Point("speed", 1.0, 2.0), job.Point("speed", 2.0, 3.0)).reports[1]
    assert "at 2" in page(other, "curves")


def test_what_a_table_is_drawn_over_is_not_drawn_itself() -> None:
    rows = [job.Row("layers", str(n), {"layer": n, "whole to": 2.0 - n}) for n in range(3)]
    drawn = page(told(*rows).reports[1], views.CURVES)
    assert "whole to  max 2 at layer 0" in drawn
    assert "layer  max" not in drawn


def test_a_dose_below_zero_has_one_minus() -> None:
    lines = [
        line.plain for line in render_table({"-2": {"dose": -2.0, "kl": 0.5}, "0.5": {"dose": 0.5}}, COLOURS)
    ]
    assert lines[1].split()[:2] == ["−2", "−2.000"]


def test_what_is_not_known_is_left_out() -> None:
    ledger = told()
    for event in (
        {"kind": "hologram", "x": 1},
        {"kind": "point", "series": "d", "x": 1, "y": None},
        {"kind": "row"},
    ):
        ledger.on_record(
            JournalRecord(5, 0, ev.JobChanged(job=1, kind="extract", state="running", event=event))
        )
    assert views.page_names(ledger.reports[1]) == ["overview", "log"]


def test_only_the_newest_samples_are_kept_and_it_is_said() -> None:
    report = told(*(job.JobSample("a", "p", f"text {n}") for n in range(SAMPLES + 5))).reports[1]
    assert f"the newest {SAMPLES} of {SAMPLES + 5}" in page(report, "samples")
    assert "text 4\n" not in page(report, "samples")


def test_the_newest_vector_is_the_one_to_load() -> None:
    files = (
        job.Artifact("/a", "0", "vector"),
        job.Artifact("/b", "0", "vector"),
        job.Artifact("/c", "0", "report"),
    )
    report = told(*files).reports[1]
    assert report.vector == "/b"
    assert "a loads it on the desk" in page(report)
    assert told(files[2]).reports[1].vector == ""


def test_the_work_of_a_command_is_told_apart_and_says_whose_it_is() -> None:
    """Null: a job of this session says nothing of the kind."""
    ledger = told(job.Progress(1, 4, "texts"))
    ledger.on_record(
        JournalRecord(
            3, 0, ev.JobChanged(job=2, kind="say", state="running", params={}, session="01HABC9F2K1X")
        )
    )
    own, guest = ledger.reports[1], ledger.reports[2]
    assert "results in session 9F2K1X" in page(guest)
    assert "its result is in session 9F2K1X" in guest.no_vector_reason
    assert "session" not in page(own)
    assert own.no_vector_reason == "job 1 has made no vector"
    marked = [
        "command line" in queue_line(report, COLOURS).columns[1]._cells[0].plain for report in (own, guest)
    ]
    assert marked == [False, True]


def test_warnings_stand_on_every_page_with_numbers() -> None:
    rows = [job.Row("linearity", "a", {"score": 0.4}), job.Cell("cosines of a", 1, 1, 0.5)]
    ledger = told(*rows, kind="themes")
    plain = page(ledger.reports[1], "linearity")
    end = {"n": 1, "warnings": ["opposites lie closer than paraphrases", "and more"]}
    ledger.on_record(JournalRecord(9, 0, ev.JobChanged(job=1, kind="themes", state="done", event=end)))
    for name in (views.OVERVIEW, "linearity", "cosines of a"):
        assert "opposites lie closer than paraphrases" in page(ledger.reports[1], name)
    assert page(ledger.reports[1], "linearity").startswith(plain)


def test_a_table_repeats_no_word_of_its_row_and_joins_the_bounds_of_an_interval() -> None:
    values = {"condition": "+s", "against": "−s", "outcome": "returns", "n": 2, "difference": 0.5}
    bounds = {"difference_lo": 0, "difference_hi": 0.75}
    rows = {"resistance: +s against −s": values | bounds, "other: +s against −s": values}
    head, first, second = (line.plain.split() for line in render_table(rows, COLOURS))
    assert head == ["outcome", "n", "difference", "difference_ci"]
    assert first == ["resistance:", "+s", "against", "−s", "returns", "2", "0.500", "0.000", "…", "0.750"]
    assert second[-1] == "0.500"
    # What one row's name does not say is a column, and a table of words alone is left as it is.
    rows["third"] = values
    assert "condition" in render_table(rows, COLOURS)[0].plain
    assert "a" in render_table({"a": {"word": "a"}}, COLOURS)[1].plain
    doses = {str(n): {"m": n / 2, "m_lo": n / 4, "m_hi": n} for n in range(3)}
    assert drawable_columns(doses) == ["m"]
    assert [(dot.low, dot.high) for dot in column_curve(doses, "m").dots] == [(0, 0), (0.25, 1), (0.5, 2)]


def test_a_grid_or_table_on_the_overview_has_its_name() -> None:
    cells = [job.Cell(name, row, 1, 0.5) for name in ("cosines of a", "cosines of b") for row in (1, 2)]
    lines = page(told(*cells, kind="themes").reports[1]).splitlines()
    assert lines.index("cosines of b") + 1 == next(n for n, line in enumerate(lines) if line.strip() == "1")
    assert "linearity" in page(told(job.Row("linearity", "a", {"score": 0.4})).reports[1])


BAD = "".join(HOSTILE.values()) + "[@click=app.quit]x[/]"


@pytest.mark.parametrize("bad", [BAD, "x" * 1_000_000], ids=["hostile", "a million letters"])
def test_every_external_field_is_drawn_as_text(bad: str) -> None:
    ledger = told(
        job.Progress(1, 2, bad),
        *(
            job.Row(bad, key, {bad: 1.5 + n, "b": bad, "c": {bad: bad}})
            for n, key in enumerate((bad, "1", "2"))
        ),
        *(job.Row("numbers", str(n), {bad: n * 1.5, "x": [bad, bad]}) for n in range(4)),
        job.Row("cost", bad, {bad: bad}),
        job.Point(bad, 1, 2.0, 1.0, 3.0),
        job.Cell(bad, bad, bad, 1.0),
        job.JobSample(bad, bad, bad, (bad,)),
        job.Artifact(bad, bad, bad),
        kind=bad,
    )
    end = {"verdict": bad, bad: bad, "warnings": [bad], "more": {bad: bad}, "error": bad}
    ledger.on_record(
        JournalRecord(9, 0, ev.JobChanged(job=1, kind=bad, state="failed", event=end, message=bad))
    )
    report = ledger.reports[1]
    report.params, report.session = {bad: bad, "contrast": bad}, bad
    assert not talks_to_terminal(job_subject("extract", report.params))
    for name in views.page_names(report):
        text = page(report, name)
        assert not talks_to_terminal(text)
        assert len(text) < 60_000


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "–"),
        (True, "yes"),
        (3, "3"),
        (3.0, "3"),
        (0.12345, "0.123"),
        (-1e-7, "−1e−07"),
        (float("inf"), "∞"),
        ([0.25, 0.75], "0.250 … 0.750"),
        ([3, 4, 5, 8], "3-5,8"),
        (list("abcdefgh"), "8 values"),
        ({"a": 1, "b": 2}, "2 entries"),
        ("ab" * 32, "abababababab…"),
    ],
)
def test_figures(value: object, words: str) -> None:
    assert format_value(value) == words


def test_clock() -> None:
    assert [format_duration(s) for s in (0.04, 4.2, 42.4, 65, 7207, -1)] == [
        "0.0 s",
        "4.2 s",
        "42 s",
        "1:05",
        "2:00:07",
        "0.0 s",
    ]
