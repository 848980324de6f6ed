"""Box, block and braille characters as SVG paths, so that they join between cells in any font."""

from __future__ import annotations

import re
from collections.abc import Iterator

Box = tuple[float, float, float, float]
"""x, y, width and height, as shares of a cell."""

THIN, THICK, DOT = 0.08, 0.16, 0.11
ARMS = {
    "─": "lr", "│": "ud", "╭": "rd", "┌": "rd", "╮": "ld", "┐": "ld", "╰": "ru", "└": "ru", "╯": "lu", "┘": "lu",
    "├": "udr", "┤": "udl", "┬": "lrd", "┴": "lru", "┼": "lrud", "━": "lr", "┃": "ud",
}  # fmt: skip
HEAVY = "━┃"
LOWER, LEFT = "▁▂▃▄▅▆▇█", "▏▎▍▌▋▊▉"
BRAILLE = 0x2800
DOTS = ((0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3))
"""Column and row of each bit."""


ALL = "".join(ARMS) + LOWER + LEFT + f"{chr(BRAILLE + 1)}-{chr(BRAILLE + 255)}"
"""All these characters, in the syntax of a regular expression's character set."""


def is_drawn(char: str) -> bool:
    return re.fullmatch(f"[{ALL}]", char) is not None


def svg_path(text: str, x: float, wide: float, high: float) -> str:
    """The path of a run of such characters; adjacent boxes are joined."""
    joined: list[list[float]] = []
    for place, char in enumerate(text):
        for left, top, width, height in _boxes(char):
            box = [x + (place + left) * wide, top * high, width * wide, height * high]
            # Only boxes of the preceding character can be adjacent, and a character has at most eight.
            before = next((each for each in reversed(joined[-8:]) if _are_adjacent(each, box)), None)
            if before is None:
                joined.append(box)
            else:
                before[2] = box[0] + box[2] - before[0]
    return "".join(
        f"M{_short_number(a)} {_short_number(b)}h{_short_number(c)}v{_short_number(d)}h-{_short_number(c)}z"
        for a, b, c, d in joined
    )


def _boxes(char: str) -> Iterator[Box]:
    if char in ARMS:
        yield from _arms(ARMS[char], THICK if char in HEAVY else THIN)
    elif char in LOWER:
        share = (1 + LOWER.index(char)) / 8
        yield 0, 1 - share, 1, share
    elif char in LEFT:
        yield 0, 0, (1 + LEFT.index(char)) / 8, 1
    else:
        for bit, (column, row) in enumerate(DOTS):
            # Each bit of the offset in the braille block stands for one dot.
            if ord(char) - BRAILLE >> bit & 1:
                yield 0.19 + 0.5 * column, 0.08 + 0.25 * row, 2 * DOT, DOT


def _arms(arms: str, thick: float) -> Iterator[Box]:
    """The lines of a box character; cells are twice as high as wide, so thickness differs by direction."""
    across = {"lr": (0.0, 1.0), "l": (0.0, 0.5 + thick / 2), "r": (0.5 - thick / 2, 0.5 + thick / 2)}
    sides = "".join(arm for arm in "lr" if arm in arms)
    if sides:
        left, width = across[sides]
        yield left, 0.5 - thick / 4, width, thick / 2
    down = "".join(arm for arm in "ud" if arm in arms)
    if down:
        top = 0.0 if "u" in down else 0.5
        yield 0.5 - thick / 2, top, thick, 1.0 if down == "ud" else 0.5


def _are_adjacent(one: list[float], other: list[float]) -> bool:
    """Whether two boxes of equal height lie side by side."""
    return (
        abs(one[0] + one[2] - other[0]) < 0.01
        and abs(one[1] - other[1]) < 0.01
        and abs(one[3] - other[3]) < 0.01
    )


def _short_number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
