"""Everything an experiment reported, collected for its report and summary."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from core.jobs.job import Cell, JobSample, Point, Row

COST = "cost"
Json = dict[str, Any]


@dataclass
class ReportData:
    """Filled while the job runs; `facts` go to the summary."""

    facts: Json
    cost: Json = field(default_factory=dict)
    rows: list[Json] = field(default_factory=list)
    points: list[Point] = field(default_factory=list)
    cells: list[Cell] = field(default_factory=list)
    samples: list[JobSample] = field(default_factory=list)

    def collect(self, item: Any) -> None:
        if isinstance(item, Row):
            self._collect_row(item)
        elif isinstance(item, Point):
            self.points.append(item)
        elif isinstance(item, Cell):
            self.cells.append(item)
        elif isinstance(item, JobSample):
            self.samples.append(item)

    def _collect_row(self, row: Row) -> None:
        if row.table == COST:
            self.cost = dict(row.values)
        else:
            self.rows.append({"table": row.table, "key": row.key, **row.values})

    def table(self, name: str) -> list[Mapping[str, Any]]:
        return [row for row in self.rows if row["table"] == name]
