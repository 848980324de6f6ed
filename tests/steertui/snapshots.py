"""Pictures of every screen: `python -m tests.steertui.snapshots --svg FOLDER` to look at, `--keep` to write the texts
that `test_snapshots.py` compares with. Names of scenes behind it choose some of them.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

from textual.widgets import Input, TextArea

from steertui.config import Settings
from tests.steertui.scenes.drawing import drawing
from tests.steertui.scenes.picture import Picture
from tests.steertui.scenes.scene import SCENES, SIZES, Play, Scene, played

KEPT = Path(__file__).with_name("kept")
TERMINALS = {
    "all": {"COLORTERM": "truecolor"},
    "256": {"COLORTERM": ""},
    "16": {"COLORTERM": "", "TERM": "xterm"},
    "grey": {"COLORTERM": "", "TERM": "xterm", "NO_COLOR": "1"},
    "none": {"COLORTERM": "truecolor", "NO_COLOR": "1"},
}
"""What a terminal says of its colours."""
DITTO, PAINT = '"', "paint"
PAINTED = (100, 30)
"""The size at which colours are kept too: what a thing is painted with does not depend on how wide the terminal is."""


async def pictures(
    scene: Scene, settings: Settings | None = None
) -> dict[tuple[int, int], tuple[Picture, str]]:
    """The scene at every size, as text and as SVG: one app, whose terminal is made smaller twice."""
    found = {}
    async with played(scene, settings=settings) as play:
        for size in SIZES:
            await play.at.pilot.resize_terminal(*size)
            await still(play)
            found[size] = Picture.of(play.app), drawing(play.app, scene.name)
    return found


async def still(play: Play) -> None:
    """No toast, no blinking, and nothing that is yet to be drawn."""
    play.app.clear_notifications()
    for line in play.app.screen.query("Input, TextArea"):
        assert isinstance(line, Input | TextArea)
        line.cursor_blink = False
    before: list[str] = []
    while before != (before := play.at.drawn()):
        await play.at.pilot.pause(0.05)


def text(found: dict[tuple[int, int], tuple[Picture, str]]) -> str:
    """What is kept of a scene."""
    parts, above = [], [""]
    for size, (picture, _) in found.items():
        rows = picture.characters()
        parts += [_head(size, "characters"), *([DITTO] if rows == above else _short(rows))]
        above = rows
    return "\n".join([*parts, _head(PAINTED, PAINT), *_short(found[PAINTED][0].paint())]) + "\n"


def _head(size: tuple[int, int], what: str) -> str:
    return f"==== {size[0]}×{size[1]} {what}"


def _short(rows: Sequence[str]) -> list[str]:
    """A row like the one above it is a ditto mark."""
    return [DITTO if rows[max(at - 1, 0) : at] == [row] else row for at, row in enumerate(rows)]


@contextmanager
def own_folders() -> Iterator[None]:
    """Nothing of the user's is read or written."""
    with tempfile.TemporaryDirectory(prefix="s") as home:
        folders = {f"XDG_{name}_HOME": f"{home}/{name}" for name in ("CONFIG", "DATA", "STATE", "CACHE")}
        folders["XDG_RUNTIME_DIR"] = f"{home}/run"
        for folder in folders.values():
            Path(folder).mkdir(mode=0o700)
        with mock.patch.dict(os.environ, folders):
            yield


async def _draw(names: Sequence[str], svg: Path | None, keep: bool, settings: Settings) -> None:
    for name in names:
        with own_folders():
            found = await pictures(SCENES[name], settings)
        if keep:
            (KEPT / f"{name}.txt").write_text(text(found), "utf-8")
        if svg is not None:
            for (columns, rows), (_, drawn) in found.items():
                (svg / f"{name}-{columns}x{rows}.svg").write_text(drawn, "utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=list(SCENES))
    parser.add_argument("--svg", type=Path)
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--ascii", action="store_true")
    parser.add_argument("--theme", default=Settings().theme)
    parser.add_argument("--colours", choices=TERMINALS, default="all")
    args = parser.parse_args()
    os.environ.pop("NO_COLOR", None)
    os.environ |= {"TERM": "xterm-256color"} | TERMINALS[args.colours]
    for folder in (KEPT, args.svg):
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
    asyncio.run(_draw(args.names, args.svg, args.keep, Settings(ascii=args.ascii, theme=args.theme)))


if __name__ == "__main__":
    main()
