"""A table whose rows are drawn again once its columns have been measured.

Textual 8.2.8 measures new cells in `DataTable._on_idle`. A frame drawn before that moment is cached with
the old widths, and `DataTable._update_dimensions` does not drop it: on a busy machine every cell then
stays as wide as the heading of its column.
"""

from __future__ import annotations

from collections.abc import Iterable

from textual.widgets import DataTable
from textual.widgets.data_table import CellType, RowKey


class MeasuredTable(DataTable[CellType]):
    """Drops what was drawn with widths that no longer hold."""

    def _update_dimensions(self, new_rows: Iterable[RowKey]) -> None:
        super()._update_dimensions(new_rows)
        self._clear_caches()
        self.refresh()
