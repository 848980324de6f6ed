"""Every screen reads as it was kept: a changed layout shows in review as a changed text in `kept/`.

`python -m tests.steertui.snapshots --keep` writes the texts anew, after somebody has looked at the pictures (`--svg`).
A text is kept and not an SVG, because its difference can be read: the characters at three sizes, and at one of them
what each run of cells is painted with. Everything together is a tenth of one size in SVG.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from rich.color import Color

from steertui.config import Settings
from tests.steertui import snapshots
from tests.steertui.scenes.picture import Picture
from tests.steertui.scenes.scene import SCENES

QUICK = ("desk-speaking", "dialog-sampling", "jobs-done", "library", "replay")
LARGEST = 400_000
"""Bytes of all that is kept."""


def compared(name: str) -> None:
    found = asyncio.run(snapshots.pictures(SCENES[name]))
    kept = (snapshots.KEPT / f"{name}.txt").read_text("utf-8")
    assert snapshots.text(found).splitlines() == kept.splitlines()


def test_every_scene_is_kept_and_nothing_else() -> None:
    kept = {path.stem: path.stat().st_size for path in snapshots.KEPT.iterdir()}
    assert set(kept) == set(SCENES)
    assert sum(kept.values()) <= LARGEST


@pytest.mark.parametrize("name", QUICK)
def test_a_screen_reads_as_it_was_kept(name: str) -> None:
    compared(name)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(set(SCENES) - set(QUICK)))
def test_every_screen_reads_as_it_was_kept(name: str) -> None:
    compared(name)


@pytest.mark.parametrize("name", ["desk-speaking", "library"])
def test_without_colour_the_same_words_stand_in_the_same_places(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    found = asyncio.run(snapshots.pictures(SCENES[name], Settings()))
    kept = (snapshots.KEPT / f"{name}.txt").read_text("utf-8")
    assert _words(snapshots.text(found)) == _words(kept)
    colours = [each.get_truecolor() for each in _colours(found[snapshots.PAINTED][0])]
    assert all(max(colour) - min(colour) < 2 for colour in colours), "greys only"


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(SCENES))
def test_every_screen_can_be_drawn_without_colour(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    found = asyncio.run(snapshots.pictures(SCENES[name], Settings(ascii=True)))
    words = "\n".join(line for picture, _ in found.values() for line in picture.characters())
    assert words.strip()
    assert not set(words) & set("│─╭━█▌◆")


def _words(text: str) -> list[str]:
    """Without what it is painted with."""
    lines = text.splitlines()
    return lines[: next(at for at, line in enumerate(lines) if line.endswith(snapshots.PAINT))]


def _colours(picture: Picture) -> Iterator[Color]:
    for row in picture.rows:
        for _, style in row:
            yield from filter(None, (style.color, style.bgcolor))
