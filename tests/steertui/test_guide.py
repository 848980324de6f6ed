"""The guide and the key map in docs/ are what the app itself says, and every screen has its page."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from steertui import REPO_ROOT, guide
from steertui.commands import COMMANDS
from steertui.guide import book
from steertui.pictures.scenes import FILM, STILLS
from steertui.screens.desk.screen import DeskScreen
from steertui.screens.jobs.screen import JobsScreen
from steertui.screens.library.screen import LibraryScreen
from steertui.screens.sessions.replay import ReplayScreen
from steertui.screens.sessions.screen import SessionsScreen


@pytest.mark.parametrize("name", book.BOUND)
def test_docs_are_bound_from_the_apps_own_texts(name: str) -> None:
    kept = (REPO_ROOT / "docs" / name).read_text(encoding="utf-8")
    assert kept == book.BOUND[name](), "run python -m steertui.guide.book"


def test_every_action_stands_in_the_key_map_with_its_id() -> None:
    written = book.key_map_text()
    assert [each.id for each in COMMANDS if f"`{each.id}`" not in written] == []


@pytest.mark.parametrize("screen", [DeskScreen, JobsScreen, LibraryScreen, SessionsScreen, ReplayScreen])
def test_every_screen_has_a_page(
    screen: type[DeskScreen | JobsScreen | LibraryScreen | SessionsScreen | ReplayScreen],
) -> None:
    assert screen.TOPIC in guide.TOPICS
    assert len(guide.guide_page(screen.TOPIC).split()) > 80


def test_every_picture_is_in_the_guide_and_small() -> None:
    written, folder = book.guide_text(), REPO_ROOT / "docs" / "pictures"
    assert {path.stem for path in folder.glob("*.svg")} == {name for name, _ in book.PICTURES.values()}
    for path in folder.glob("*.svg"):
        assert f"(pictures/{path.name})" in written
        assert path.stat().st_size < (300_000 if path.stem == FILM[0] else 60_000)
        ElementTree.fromstring(path.read_text(encoding="utf-8"))


def test_every_scene_has_its_picture() -> None:
    assert {*STILLS, FILM[0]} == {name for name, _ in book.PICTURES.values()}
