"""The walls of the house, seen from a fresh interpreter: what a module drags in is in `sys.modules`."""

from __future__ import annotations

import json
import pkgutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sessions.experiments.registry import EXPERIMENTS

ROOT = Path(__file__).resolve().parents[2]
HEAVY = {"torch", "transformers", "anthropic"}
TORCH_FREE = (
    "core",
    "core.mixer.layer_ranges",
    "core.errors",
    "core.lazy",
    "core.mixer.effects",
    "core.mixer.mixer",
    "vectors",
    "vectors.data.card",
    "vectors.vector",
    "vectors.library.reading",
    "vectors.claude.asking",
    "vectors.errors",
    "sessions",
    "sessions.journal.events",
    "sessions.experiments.registry",
    *EXPERIMENTS.values(),
    "sessions.job_specs.catalogue",
    "sessions.state.state",
    "sessions.journal.journal",
    "sessions.recorded.index",
    "sessions.export",
)


def modules_of(package: str) -> Iterator[str]:
    """The package's modules by name, found in its folder without importing anything."""
    for entry in pkgutil.iter_modules([str(ROOT / package.replace(".", "/"))], f"{package}."):
        yield entry.name
        if entry.ispkg:
            yield from modules_of(entry.name)


def exists(module: str) -> bool:
    path = ROOT / module.replace(".", "/")
    return path.with_suffix(".py").exists() or (path / "__init__.py").exists()


def serves_the_model(module: str) -> bool:
    return module.startswith("steertui.engine.server")


SCREEN_SIDE = [
    m for m in ("steertui", *modules_of("steertui")) if not serves_the_model(m) and "__main__" not in m
]
LOWER_FLOORS = ("core", "vectors", "sessions")


def after_importing(modules: list[str]) -> set[str]:
    """The top-level packages that are loaded once `modules` are."""
    program = (
        "import importlib, json, sys\n"
        f"for name in {modules!r}: importlib.import_module(name)\n"
        "print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    )
    return set(run(program))


def ours_after_importing(module: str) -> set[str]:
    """The modules of ours that are loaded once `module` is."""
    program = f"import json, sys, {module}\nprint(json.dumps(list(sys.modules)))"
    return {name for name in run(program) if name.partition(".")[0] in (*LOWER_FLOORS, "steertui")}


def run(program: str) -> list[str]:
    """The JSON list a fresh interpreter prints."""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert done.returncode == 0, done.stderr
    return list(json.loads(done.stdout))


def test_the_probe_sees_torch_where_it_is() -> None:
    assert "torch" in after_importing(["core.model.model"])


@pytest.mark.parametrize("module", [m for m in TORCH_FREE if exists(m)])
def test_torch_free_by_contract(module: str) -> None:
    assert not HEAVY & after_importing([module])


def test_nothing_on_the_screen_s_side_imports_torch() -> None:
    assert not HEAVY & after_importing(SCREEN_SIDE)


@pytest.mark.parametrize(
    ("module", "there", "later"),
    [
        (
            "steertui.app",
            "steertui.screens.desk.screen",
            (
                "steertui.screens.desk.commands",
                "steertui.screens.desk.dialogs",
                "steertui.screens.appearance",
                "steertui.screens.jobs.job_report",
                "steertui.engine.launch",
                "core.demo.world.words",
            ),
        ),
        (
            "vectors.extraction.extract",
            "vectors.extraction.material",
            ("core.generation.stream", "core.generation.batch", "vectors.files.formats"),
        ),
    ],
)
def test_what_a_start_can_do_without_is_imported_later(
    module: str, there: str, later: tuple[str, ...]
) -> None:
    """The first frame needs no command, dialog or engine; an extraction no token loop and no file format."""
    loaded = ours_after_importing(module)
    assert there in loaded
    assert not [name for name in loaded if name.startswith(later)]


def test_no_screen_below_the_top_floor() -> None:
    assert "textual" not in after_importing(
        [name for floor in LOWER_FLOORS for name in (floor, *modules_of(floor))]
    )


@pytest.mark.parametrize("package", ["core", "vectors", "sessions", "steertui"])
def test_public_names_are_there_and_stay_when_a_room_of_that_name_is_entered(package: str) -> None:
    """`import core.x` binds the module to `core.x`: a public function of that name would be gone."""
    rooms = [name.partition(".")[2] for name in modules_of(package)]
    program = (
        "import importlib, inspect, json\n"
        f"package = importlib.import_module({package!r})\n"
        "names = [n for n in dir(package) if n not in vars(package)]\n"
        f"for name in set(names) & set({rooms!r}): importlib.import_module({package!r} + '.' + name)\n"
        "values = {n: getattr(package, n) for n in names}\n"
        "print(json.dumps([n for n, v in values.items() if inspect.ismodule(v) and not callable(v)]))"
    )
    assert run(program) == []
