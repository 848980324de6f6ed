"""The pages of a job: overview, curves, one page per table and grid, samples, log."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from rich.text import Text
from textual.geometry import Offset

from core.jobs.job import JobSample
from sessions.job_specs.catalogue import OFFERS
from steertui.screens.jobs.job_report import SAMPLES, JobReport
from steertui.screens.jobs.results.curves import all_curves, curve_panels
from steertui.screens.jobs.results.table import margin_of, render_table
from steertui.screens.jobs.results.tables import COST, render_log, render_overview
from steertui.text import safe_text
from steertui.widgets.bars import clip_text
from steertui.widgets.chart.grid import draw_grid
from steertui.widgets.chart.grid import margin_of as grid_margin

OVERVIEW, CURVES, SAMPLED, LOG = "overview", "curves", "samples", "log"
OTHERS = "Jobs belong to their session: to see earlier ones, open it with F5 and enter."
GROWING = (SAMPLED, LOG)
"""Pages that scroll along as they grow."""


@dataclass(frozen=True)
class PageContext:
    """Input for rendering a page: time, size, selected curve and theme colours."""

    now: float
    width: int
    height: int
    column: str
    colours: Mapping[str, str]


def page_names(report: JobReport) -> list[str]:
    """Names of the pages that have content; the overview always has."""
    tables = [name for name in report.tables if name != COST]
    drawn = [CURVES] if curve_panels(report) else []
    said = [SAMPLED] if report.samples else []
    return [OVERVIEW, *drawn, *tables, *report.grids, *said, LOG]


def page_lines(report: JobReport, name: str, view: PageContext) -> list[Text]:
    """The lines of the page with this name."""
    if name == CURVES:
        return all_curves(report, view.width, view.colours)
    if name == SAMPLED:
        return _samples(report, view.width, view.colours)
    if name == LOG:
        return render_log(report, view.width)
    if name in report.tables:
        return [*render_table(report.tables[name], view.colours), *_warnings(report, view.width)]
    if name in report.grids:
        return [*draw_grid(report.grids[name], view.colours), *_warnings(report, view.width)]
    return render_overview(report, view.now, view.width, view.height, view.column, view.colours)


def frozen_size(report: JobReport, name: str) -> Offset:
    """Columns and rows of a page that do not scroll: row names and the table header."""
    if name in report.tables:
        return Offset(margin_of(report.tables[name]), 1)
    return Offset(grid_margin(report.grids[name]), 1) if name in report.grids else Offset()


def empty_page(width: int) -> list[Text]:
    """The page shown while the session has no job."""
    titles = max(len(offer.title) for offer in OFFERS.values()) + 2
    room = width - titles - 2
    offered = [
        Text.assemble(f"  {offer.title:<{titles}}", (clip_text(offer.summary, room), "dim"))
        for offer in OFFERS.values()
    ]
    others = [Text(line, style="dim") for line in _folded(OTHERS, width)]
    return [Text(), Text("  No job in this session yet. n starts one:"), Text(), *offered, Text(), *others]


def _warnings(report: JobReport, width: int) -> Iterator[Text]:
    """What has to be known to read the numbers of a page; on the overview it stands in the summary."""
    found = report.summary.get("warnings")
    for warning in found if isinstance(found, list) else ():
        yield Text()
        yield from (Text(line, style="dim") for line in _folded(safe_text(str(warning)), width))


def _samples(report: JobReport, width: int, colours: Mapping[str, str]) -> list[Text]:
    """The samples in order of arrival."""
    shown: list[Text] = []
    if report.sampled > SAMPLES:
        shown.append(
            Text(f"the newest {SAMPLES} of {report.sampled}; the journal has all of them", style="dim")
        )
    for sample in report.samples:
        shown += [*_sample(sample, width, colours), Text()]
    return shown


def _sample(sample: JobSample, width: int, colours: Mapping[str, str]) -> list[Text]:
    head = Text(safe_text(str(sample.condition)), style=f"bold {colours['accent']}")
    head.append(f"  {safe_text(str(sample.prompt))}", style=f"not bold {colours['primary']}")
    if sample.flags:
        head.append(
            f"  {safe_text(', '.join(map(str, sample.flags)))}", style=f"not bold {colours['warning']}"
        )
    body = safe_text(str(sample.text), multiline=True)
    return [head, *(Text(line) for part in body.split("\n") for line in _folded(part, width))]


def _folded(text: str, width: int) -> list[str]:
    indent = "  "
    return textwrap.wrap(text, max(20, width), initial_indent=indent, subsequent_indent=indent) or [""]
