"""A screen drawn as SVG says what stood on it and where; a film keeps what did not change only once."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from steertui.pictures import shapes
from steertui.pictures.drawing import HIGH, WIDE, SvgDrawing, still_svg
from steertui.pictures.film import REST_S, PictureFrame, animated_svg

SVG = "{http://www.w3.org/2000/svg}"


def screen(*rows: str) -> list[Strip]:
    return [Strip([Segment(row.ljust(30), Style(color="#ff0000"))]) for row in rows]


def texts(svg: str) -> list[tuple[float, str]]:
    return [
        (float(each.attrib["x"]), each.text or "") for each in ElementTree.fromstring(svg).iter(f"{SVG}text")
    ]


def test_words_stand_in_their_columns_and_gaps_are_kept_by_their_places() -> None:
    found = texts(still_svg(screen("ab cd   ef", "", "  ◆ <&>")))
    assert found == [
        (0.0, "ab cd"),
        (pytest.approx(8 * WIDE, abs=0.05), "ef"),
        (pytest.approx(2 * WIDE, abs=0.05), "◆"),
        (pytest.approx(4 * WIDE, abs=0.05), "<&>"),
    ]


def test_colours_and_grounds_are_those_of_the_segments() -> None:
    drawing = SvgDrawing()
    drawing.row(Strip([Segment("on", Style(color="#010203", bgcolor="#040506", bold=True))]))
    assert "fill:#040506" in drawing.looks
    assert "fill:#010203;font-weight:700" in drawing.looks
    drawing.row(Strip([Segment("back", Style(color="#0a0b0c", bgcolor="#0d0e0f", reverse=True))]))
    assert {"fill:#0a0b0c", "fill:#0d0e0f"} <= drawing.looks.keys()


@pytest.mark.parametrize(
    ("char", "boxes"), [("█", 1), ("▁", 1), ("⣿", 4), ("⠁", 1), ("┼", 2), ("─", 1), ("╭", 2)]
)
def test_blocks_lines_and_dots_are_shapes(char: str, boxes: int) -> None:
    """Two dots side by side are one box: theirs is the row."""
    assert shapes.is_drawn(char)
    path = shapes.svg_path(char, 0, 8, 16)
    assert boxes <= path.count("M") <= 2 * boxes
    for x, y, width, height in re.findall(r"M([\d.]+) ([\d.]+)h([\d.]+)v([\d.]+)", path):
        assert 0 <= float(x) <= float(x) + float(width) <= 8.01
        assert 0 <= float(y) <= float(y) + float(height) <= 16.01


def test_a_line_of_many_cells_is_one_box() -> None:
    assert shapes.svg_path("─" * 40, 8, 8, 16).count("M") == 1


def test_a_film_keeps_a_row_once_and_each_frame_for_its_time() -> None:
    frames = [PictureFrame(screen("same", "one"), 1.0), PictureFrame(screen("same", "two"), 3.0)]
    svg = animated_svg(frames)
    assert [text for _, text in texts(svg)] == ["same", "one", "two"]
    uses = [each.attrib for each in ElementTree.fromstring(svg).iter(f"{SVG}use")]
    assert len(uses) == 4
    whole = 4.0 + REST_S
    assert f"reel {whole:.1f}s steps(1,end) infinite" in svg
    stops = re.findall(r"([\d.]+)%\{transform:translateY\(-(\d+)px\)\}", svg)
    assert [(float(at), float(up)) for at, up in stops] == [
        (0.0, 0.0),
        (pytest.approx(100 / whole, abs=0.01), 2 * HIGH),
        (100.0, 2 * HIGH),
    ]
