"""docs/formats.md and docs/methods.md name everything that the registries hold, and no file that is not there."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from pathlib import Path

import pytest

from core.mixer.mixer import UNITS, Channel, Mixer
from sessions.experiments.judges.registry import JUDGES
from sessions.experiments.registry import EXPERIMENTS
from sessions.experiments.scoring.measures import MEASURES
from sessions.export import FORMS
from sessions.journal import events
from sessions.journal.event import KINDS
from sessions.recorded.verify import GRADES
from sessions.state.collapse import LIMITS
from steertui.config import Settings
from vectors.contrasts.shapes import PROMPTS, SHAPES
from vectors.data import metadata
from vectors.extraction.layer_quality import UNMEASURED
from vectors.extraction.ranking import RULES
from vectors.files import formats
from vectors.files.formats import pt
from vectors.methods.registry import METHODS
from vectors.statistics.metrics import Separation
from vectors.texts.position_spec import READS

ROOT = Path(__file__).resolve().parents[2]
PAGES = {name: (ROOT / "docs" / f"{name}.md").read_text("utf-8") for name in ("formats", "methods")}
OURS = {t: kind for t, kind in KINDS.items() if kind.__module__.startswith(events.__package__)}
FAMILIES = {
    "formats": {
        "writer": [*formats.WRITERS],
        "layout of a .pt": sorted(pt.LAYOUTS.keys() - {"stack"}),
        "other format": ["steering-lite", "safetensors", "layer_activations", "pt", "npy", "npz"],
        "fact about a vector": [each.name for each in fields(metadata.About)],
        "contrast shape": [shape.name for shape in (*SHAPES, PROMPTS)],
        "key of a contrast shape": [key for shape in SHAPES for key in shape.keys],
        "event": [*OURS],
        "export": [*FORMS],
        "setting": [each.name for each in fields(Settings)],
    },
    "methods": {
        "unit": [*UNITS],
        "method": [*METHODS],
        "read": [*READS],
        "rule": [*RULES],
        "quality of a layer": [
            *sorted(UNMEASURED.keys() | {each.name for each in fields(Separation)} - {"n_holdout"})
        ],
        "experiment": [*EXPERIMENTS],
        "measure": [*MEASURES],
        "judge": [*JUDGES],
        "limit of the lamp": [*LIMITS],
    },
}
NAMED = [
    (page, family, name)
    for page, found in FAMILIES.items()
    for family, names in found.items()
    for name in names
]


@pytest.mark.parametrize(("page", "family", "name"), NAMED)
def test_every_entry_of_a_registry_stands_on_its_page(page: str, family: str, name: str) -> None:
    assert re.search(rf"`\[?{re.escape(name)}(?:[:\]][^`]*)?`", PAGES[page]), (
        f"{family} {name!r}: docs/{page}.md"
    )


@pytest.mark.parametrize("t", OURS)
def test_the_fields_of_an_event_are_those_of_its_line(t: str) -> None:
    row = next(line for line in PAGES["formats"].splitlines() if line.startswith(f"| `{t}` |"))
    written = set(re.findall(r"`(\w+)`", row.split("|")[3]))
    assert written == {each.name for each in fields(OURS[t])} - {"extra"}


def test_a_mixer_is_written_as_it_is_shown() -> None:
    shown = PAGES["formats"].partition('{"channels"')[2].partition("```")[0]
    names = set(re.findall(r'"(\w+)"', shown)) - {"p25"}
    channel = {each.name for each in fields(Channel)} - {"vector"}
    assert names == channel | {"sha256", "source"} | {each.name for each in fields(Mixer)} - {"channels"}


@pytest.mark.parametrize("setting", [each.name for each in fields(Settings) if each.name != "keymap"])
def test_a_setting_stands_with_its_default(setting: str) -> None:
    assert f"| `{setting}` | `{_toml(getattr(Settings(), setting))}` |" in PAGES["formats"]


def _toml(value: object) -> str:
    return f"{value:g}" if type(value) is float else json.dumps(value)


@pytest.mark.parametrize("page", PAGES)
def test_a_file_that_is_named_exists(page: str) -> None:
    named = set(re.findall(r"`((?:core|vectors|sessions|steertui)/[\w/.]+\.py)`", PAGES[page]))
    assert len(named) > 10
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []


def test_every_grade_of_a_replay_is_told() -> None:
    assert [grade for grade in GRADES if f"*{grade}*" not in PAGES["methods"]] == []
