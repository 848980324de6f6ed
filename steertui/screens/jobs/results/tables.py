"""The overview page of a job: progress, cost, main curve, and at the end its results."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

from rich.text import Text

from sessions.job_specs.catalogue import OFFERS
from steertui.screens.jobs.form.brief import shorten_texts
from steertui.screens.jobs.job_panel import StageProgress
from steertui.screens.jobs.job_report import JobReport
from steertui.screens.jobs.results.curves import leading_panel
from steertui.screens.jobs.results.figures import flatten_cells, format_value
from steertui.screens.jobs.results.table import render_table
from steertui.text import safe_text
from steertui.widgets.bars import clip_text, progress_bar
from steertui.widgets.chart.grid import draw_grid

BAR = 28
COST = "cost"
"""The table in which a job reports its expected cost before it starts."""
VERDICTS = {"green": "success", "amber": "warning", "red": "error"}
MEANT = {
    "green": "moves this behaviour of this model",
    "amber": "may move it, with reservations",
    "red": "does not move it",
}
NAME = 14
MOST_LINES = 6
UNIT = 24
"""Width of the counted unit's name, so that the bar behind it stays visible."""
MANY = 8
"""A mapping with more values is not shown as one line."""
LOG = 4
TIME = 8
CHART = 12
Colours = Mapping[str, str]


def render_overview(
    report: JobReport, now: float, width: int, height: int, column: str, colours: Colours
) -> list[Text]:
    """A summary of everything, the most important first."""
    lines: list[Text] = [progress_line(report, now, width, colours), *_cost(report)]
    lines += [*_origin_note(report, width), *_verdict(report, width, colours)]
    if report.message:
        sign = "✗" if report.state == "failed" else "·"
        style = colours["error"] if report.state == "failed" else ""
        lines += _wrapped(f"{sign} {safe_text(report.message)}", width, style)
    drawn = _leading_picture(report, column, width, min(CHART, max(7, height - 12)), colours)
    found = [*_summary_lines(report, width), *_files(report, colours)]
    for part in (drawn, found, [*_params(report, width)], render_log(report, width)[-LOG:]):
        lines += [Text(), *part] if part else []
    return lines


def _leading_picture(report: JobReport, column: str, width: int, height: int, colours: Colours) -> list[Text]:
    """The main curve; without one the newest grid, or the beginning of the newest table, with its name."""
    if drawn := leading_panel(report, column, width, height, colours):
        return drawn
    if report.grids:
        name, cells = list(report.grids.items())[-1]
        return _titled(name, draw_grid(cells, colours), width, height)
    tables = [each for each in report.tables.items() if each[0] != COST]
    return _titled(tables[-1][0], render_table(tables[-1][1], colours), width, height) if tables else []


def _titled(name: str, lines: list[Text], width: int, height: int) -> list[Text]:
    """Several pages look alike, and this is the beginning of one of them."""
    return [Text(clip_text(safe_text(name), width), style="dim"), *lines[: height - 1]]


def progress_line(report: JobReport, now: float, width: int, colours: Colours) -> Text:
    """One line: progress bar, rate and time left; for an ended job its state and duration."""
    line, stage = Text(), report.stage
    if report.ended or stage is None:
        passed = report.at if report.ended else now
        line.append(report.state or "requested", style=_state_style(report.state, colours))
        line.append(f"  {format_duration(passed - report.asked)}", style="dim")
        return line
    line.append(f"{clip_text(safe_text(stage.unit), UNIT) or 'working'}  ")
    append_bar(line, stage.share or 0.0, min(BAR, max(8, width - 44)), colours)
    nth = f" · stage {len(report.stages)}" if len(report.stages) > 1 else ""
    line.append(f"  {stage.done}/{stage.total}{nth}  ")
    line.append("  ".join(_rate_words(stage, now)), style="dim")
    return line


def append_bar(line: Text, share: float, width: int, colours: Colours) -> None:
    """Append a progress bar to a line."""
    full, empty = progress_bar(share, 1.0, width)
    line.append(full, style=colours["primary"])
    line.append(empty, style=colours["border"])


def _rate_words(stage: StageProgress, now: float) -> list[str]:
    rate, left = stage.rate, stage.seconds_left(now)
    words = [f"{rate:.3g}/s" if rate and rate >= 0.1 else f"{rate * 60:.2g}/min" if rate else ""]
    words.append(f"{format_duration(left)} left" if left is not None and stage.done < stage.total else "")
    return [word for word in words if word]


def format_duration(seconds: float) -> str:
    """4.2 s, 1:05 or 2:00:07."""
    if seconds < 60:
        return f"{max(seconds, 0):.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def render_log(report: JobReport, width: int) -> list[Text]:
    """The log: every stage and result, with the time since the job was requested."""
    lines = []
    for entry in report.log:
        first, *more = _wrapped(safe_text(entry.words), width - TIME - 2, "")
        lines += [Text.assemble((f"{format_duration(entry.at):>{TIME}}  ", "dim"), first)]
        lines += [Text.assemble(" " * (TIME + 2), rest) for rest in more]
    return lines


def _state_style(state: str, colours: Colours) -> str:
    word = {"done": "success", "failed": "error", "running": "accent", "lost": "error"}.get(state)
    return f"bold {colours[word]}" if word else "bold"


def _origin_note(report: JobReport, width: int) -> list[Text]:
    """A note on a job started from the command line: its results are in its own session."""
    said = f"started from the command line; results in session {report.session[-6:]} (F5, if recorded)"
    return _wrapped(safe_text(said), width, "dim") if report.session else []


def _cost(report: JobReport) -> Iterator[Text]:
    """The expected cost that the job reported before it started."""
    for key, values in report.tables.get(COST, {}).items():
        words = " · ".join(
            f"{format_value(value)} {name.replace('_', ' ')}"
            for name, value in flatten_cells(values)
            if value
        )
        yield Text(safe_text(f"{key} {words}"), style="dim")


def _verdict(report: JobReport, width: int, colours: Colours) -> Iterator[Text]:
    """A check's verdict colour, its meaning and the deciding reason, in one sentence."""
    word, reasons = report.summary.get("verdict"), report.summary.get("reasons")
    if isinstance(word, str) and word in MEANT:
        first = f": {reasons[0]}" if isinstance(reasons, list) and reasons else ""
        sentence = safe_text(f"{word.upper()}  {MEANT[word]}{first}")
        yield from _wrapped(sentence, width, colours[VERDICTS[word]])


def _summary_lines(report: JobReport, width: int) -> Iterator[Text]:
    """The summary at the end: single and few values; tables have pages of their own."""
    for name, value in report.summary.items():
        # What the parameters or the list of files show is not repeated.
        known = report.params.get(name) == value or any(file.path == value for file in report.files)
        if known or name in ("error", "exit_code") or value in (None, "", [], {}):
            continue
        if isinstance(value, list) and all(isinstance(each, str) for each in value):
            yield from _sentence_lines(name, value, width)
        elif (words := _one_line(value)) and (name != "verdict" or words not in MEANT):
            yield _labelled(name, clip_text(words, width - NAME))


def _sentence_lines(name: str, sentences: list[str], width: int) -> Iterator[Text]:
    """Sentences below each other under one label."""
    for place, sentence in enumerate(sentences):
        first, *more = _wrapped(safe_text(sentence), width - NAME, "")
        yield Text.assemble((_label(name) if not place else " " * NAME, "dim"), first)
        yield from (Text.assemble(" " * NAME, rest) for rest in more)


def _one_line(value: Any) -> str:
    """A value in one line; a mapping by its plain values, or empty if it has nested tables."""
    if not isinstance(value, Mapping):
        return "" if _nested(value) else format_value(value)
    plain = {key: each for key, each in value.items() if not _nested(each)}
    if len(plain) > MANY:
        return ""
    return safe_text(
        ", ".join(f"{key.replace('_', ' ')} {format_value(each)}" for key, each in plain.items())
    )


def _nested(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return any(isinstance(each, list | tuple | Mapping) for each in value)
    return isinstance(value, Mapping)


def _files(report: JobReport, colours: Colours) -> Iterator[Text]:
    for file in report.files:
        yield _labelled(file.what or "file", file.path)
    if report.vector:
        yield Text(" " * NAME + "a loads it on the desk, s copies it to the library", style=colours["accent"])


def _params(report: JobReport, width: int) -> Iterator[Text]:
    """The parameters that differ from the defaults."""
    offer = OFFERS.get(report.kind)
    usual = {param.name: param.default for param in offer.params} if offer else {}
    given = {key: value for key, value in shorten_texts(report.params).items() if value != usual.get(key)}
    words = "  ".join(f"{key}={format_value(value)}" for key, value in given.items())
    if words:
        yield Text(clip_text(safe_text(words), width), style="dim")


def _labelled(name: str, value: str) -> Text:
    line = Text(_label(name), style="dim")
    line.append(safe_text(value), style="not dim")
    return line


def _label(name: str) -> str:
    return f"{clip_text(safe_text(name.replace('_', ' ')), NAME - 1):<{NAME}}"


def _wrapped(text: str, width: int, style: str) -> list[Text]:
    """A sentence wrapped to at most `MOST_LINES` lines."""
    # `wrap` returns no line at all for an empty text.
    lines = textwrap.wrap(text, max(width, 20), max_lines=MOST_LINES, placeholder=" …")
    return [Text(line, style=style) for line in lines or [""]]
