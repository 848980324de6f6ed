"""Plain characters: nothing the interface draws is without one, and nothing moves when they take over."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color

import steertui
from steertui.config import Settings
from steertui.terminal.ascii import TABLE, AsciiFilter
from steertui.widgets import bars, glyphs
from tests.steertui.app.stage import stage

REPO_ROOT = Path(steertui.__file__).parent


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    before = glyphs.current_glyphs()
    yield
    glyphs.set_glyphs(before)


def written(path: Path) -> set[str]:
    """The characters of all string literals that are no docstrings."""
    tree = ast.parse(path.read_text())
    told = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    texts = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in told
    ]
    return set("".join(texts))


@pytest.mark.parametrize("folder", ["widgets", "screens", "commands"])
def test_every_character_the_interface_draws_has_a_plain_one(folder: str) -> None:
    files = [*REPO_ROOT.glob(f"{folder}/**/*.py"), *REPO_ROOT.glob(f"{folder}.py")]
    assert files
    missing = {
        (char, file.name)
        for file in files
        for char in written(file)
        if not char.isascii() and not char.isspace() and ord(char) not in TABLE
    }
    assert not missing


def test_the_table_keeps_every_width() -> None:
    assert all(
        cell_len(chr(code)) == 1 and plain.isascii() and len(plain) == 1 for code, plain in TABLE.items()
    )


def test_letters_stay_what_they_are() -> None:
    [segment] = AsciiFilter().apply([Segment("╭ naïve 漢字 ◆ → ⣿")], Color(0, 0, 0))
    assert segment.text == "+ naïve 漢字 * > #"


def test_bars_of_plain_characters_have_the_shape_of_the_others() -> None:
    drawn = {}
    for kit in (glyphs.UNICODE, glyphs.ASCII):
        glyphs.set_glyphs(kit)
        drawn[kit] = ["".join(bars.scale_bar(-0.5, 1.0, 21)), bars.draw_sparkline([0, 1, 2, 3], 8)]
        drawn[kit] += ["".join(bars.progress_bar(3, 7, 10))]
    assert [len(text) for text in drawn[glyphs.UNICODE]] == [len(text) for text in drawn[glyphs.ASCII]]
    assert drawn[glyphs.ASCII] == ["-----=====|----------", ".-*#", "####......"]


def test_a_column_below_zero_hangs_only_where_blocks_can() -> None:
    glyphs.set_glyphs(glyphs.ASCII)
    assert bars.fader_column(-0.75, 1.0, 2) == [("#", False), ("=", False)]
    glyphs.set_glyphs(glyphs.UNICODE)
    assert bars.fader_column(-0.75, 1.0, 2) == [(" ", True), ("▄", True)]


@pytest.mark.parametrize(
    ("asked", "colours"),
    [
        ({"color_system": "truecolor", "no_color": False}, 2**24),
        ({"color_system": "256", "no_color": False}, 256),
        ({"color_system": "standard", "no_color": False}, 16),
        ({"color_system": None, "no_color": False}, 0),
        ({"color_system": "truecolor", "no_color": True}, 0),
    ],
)
def test_the_kit_knows_how_many_colours_there_are(asked: dict[str, object], colours: int) -> None:
    assert glyphs.choose_glyphs(ascii=False, slow=False, **asked).colours == colours  # type: ignore[arg-type]


@pytest.mark.anyio
async def test_a_plain_screen_has_plain_characters_only() -> None:
    async with stage(size=(140, 40), settings=Settings(ascii=True)) as at:
        await at.add()
        await at.press("f")
        at.desk.prompt.focus()
        await at.ask("hello there")
        await at.play(5)
        await at.sees("determined-drifting", "I will not give")
        assert "".join(at.drawn()).isascii()
