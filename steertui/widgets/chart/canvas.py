"""A canvas of dots smaller than a cell: eight per cell with braille, else one."""

from __future__ import annotations

from dataclasses import dataclass, field

from steertui.widgets import glyphs

BLANK = 0x2800
BITS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""Bit of a braille pattern, by row and column of its dot."""
PLAIN = "*+xo@%"
"""Characters that distinguish the curves where braille cannot be drawn."""
BAND = -1
"""Ink of intervals; curves have inks from 0 up and are drawn over them."""


@dataclass
class DotCanvas:
    """`width` × `height` cells; dots count from the upper left. A cell has the ink of the highest curve in
    it.
    """

    width: int
    height: int
    fine: bool = field(default_factory=lambda: glyphs.current_glyphs().braille)
    _bits: dict[tuple[int, int], int] = field(default_factory=dict)
    _ink: dict[tuple[int, int], int] = field(default_factory=dict)
    _marks: dict[tuple[int, int], str] = field(default_factory=dict)

    @property
    def dots(self) -> tuple[int, int]:
        """How many dots there are across and down."""
        across, down = self._grain
        return self.width * across, self.height * down

    @property
    def _grain(self) -> tuple[int, int]:
        return (2, 4) if self.fine else (1, 1)

    def dot(self, x: int, y: int, ink: int) -> None:
        across, down = self._grain
        cell = x // across, y // down
        if not (0 <= cell[0] < self.width and 0 <= cell[1] < self.height):
            return
        self._bits[cell] = self._bits.get(cell, 0) | BITS[y % down][x % across]
        self._ink[cell] = max(ink, self._ink.get(cell, BAND))

    def line(self, start: tuple[int, int], end: tuple[int, int], ink: int) -> None:
        """Draw a straight line of dots, both ends included."""
        # One step per dot along the longer axis leaves no gap.
        steps = max(abs(end[0] - start[0]), abs(end[1] - start[1]), 1)
        for step in range(steps + 1):
            x = start[0] + (end[0] - start[0]) * step / steps
            y = start[1] + (end[1] - start[1]) * step / steps
            self.dot(round(x), round(y), ink)

    def mark(self, x: int, y: int, char: str, ink: int) -> None:
        """Put a character over the cell of a dot."""
        across, down = self._grain
        cell = x // across, y // down
        self._marks[cell] = char
        self._ink[cell] = max(ink, self._ink.get(cell, BAND))

    def cell(self, column: int, row: int) -> tuple[str, int | None]:
        """The character of a cell and its ink; (blank, None) for an empty cell."""
        place = column, row
        if place in self._marks:
            return self._marks[place], self._ink[place]
        if place not in self._bits:
            return " ", None
        ink = self._ink[place]
        if self.fine:
            # The low eight bits of a braille code point say which dots are set.
            return chr(BLANK + self._bits[place]), ink
        return ("|" if ink == BAND else PLAIN[ink % len(PLAIN)]), ink
