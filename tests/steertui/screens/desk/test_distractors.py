"""The list of distractors without a screen."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.demo.demo_world import DEMO_WORLD
from steertui import paths
from steertui.screens.desk.dialogs import distractor
from steertui.widgets.choices import choice_options


def test_a_text_in_two_lists_is_one_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "config_folder", lambda: tmp_path)
    ours, english = DEMO_WORLD.distractions[0], distractor.ENGLISH[0]
    (tmp_path / distractor.FILE).write_text(f"{ours}\n{english}\n# no text\nmy own\n{ours}\n", "utf-8")
    rows = distractor.list_distractors()
    assert [(row.key, row.detail) for row in rows[:3]] == [
        (ours, "yours"),
        (english, "yours"),
        ("my own", "yours"),
    ]
    assert sorted(row.key for row in rows) == sorted(
        {*DEMO_WORLD.distractions, *distractor.ENGLISH, "my own"}
    )
    assert len({option.id for option in choice_options(rows)}) == len(rows)
