"""Files are opened for reading, and replaced whole, in `core/files.py`: nobody else may wait for a pipe or read a
device without end.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("core", "vectors", "sessions", "steertui")
OPENER = "core/files.py"

KERNEL = "a file of the kernel"
OWN_DATA = "data inside our own package"
WRITES = "opens only to write"
READERS = {
    "core/loading/memory.py": KERNEL,
    "vectors/diff/memory_peak.py": KERNEL,
    "steertui/terminal/job_control.py": KERNEL,
    "vectors/contrasts/english.py": OWN_DATA,
    "steertui/guide/__init__.py": OWN_DATA,
    "core/fetching/children.py": WRITES,
    "core/fetching/job.py": "opens the model inside a wheel, which went through the opener, and a file to write",
    "core/fetching/storage.py": "the lock of a folder of ours, opened for reading and writing",
    "core/jobs/resume.py": "appends; it reads through the opener",
    "core/activations/row_files.py": "arrays of states in our cache, mapped, each found regular first",
    "sessions/journal/append_file.py": "the journal being recorded; it was read through the opener first",
    "sessions/journal/repair.py": "cuts the journal that was just read through the opener",
    "sessions/journal/file_lock.py": "the lock of a session folder of ours, opened for reading and writing",
    "sessions/journal/folder.py": "copies a vector that was found regular between session folders of ours",
    "steertui/engine/launch.py": "the log and the lock of an engine, made by us a moment before",
    "vectors/extraction/distributed/launcher.py": WRITES,
    "steertui/promptlog.py": WRITES,
    "steertui/terminal/signals.py": WRITES,
    "steertui/cli/main.py": WRITES,
}
"""Modules that open files by themselves, and why."""

RENAMERS = {"steertui/engine/launch.py": "moves a full log aside"}
"""Modules that rename a file over another by themselves, and why."""

METHODS = {"open", "read_text", "read_bytes"}
CALLS = {
    "os.open", "os.fdopen", "io.open", "io.FileIO", "codecs.open", "np.load", "np.fromfile", "np.loadtxt", "torch.load",
    "shutil.copyfile", "shutil.copy", "shutil.copy2", "fileinput.input", "np.lib.format.open_memmap", "np.memmap",
}  # fmt: skip
NAMES = {"open", "load_file", "safe_open", "copyfile"}
NO_FILES = {"EngineClient", "webbrowser"}


def modules() -> Iterator[tuple[str, ast.Module]]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            yield str(path.relative_to(ROOT)), ast.parse(path.read_text("utf-8"))


def opens(call: ast.Call) -> bool:
    """Whether a call opens a file, as far as its name tells."""
    target = call.func
    if isinstance(target, ast.Name):
        return target.id in NAMES
    if not isinstance(target, ast.Attribute):
        return False
    owner = ast.unparse(target.value)
    return f"{owner}.{target.attr}" in CALLS or (target.attr in METHODS and owner not in NO_FILES)


def renames(call: ast.Call) -> bool:
    """Whether a call renames over another file; `str.replace` takes two arguments."""
    target = call.func
    if not isinstance(target, ast.Attribute):
        return False
    if ast.unparse(target) in ("os.replace", "os.rename", "tempfile.NamedTemporaryFile", "tempfile.mkstemp"):
        return True
    return target.attr == "replace" and len(call.args) == 1 and not call.keywords


def calls(kind: str) -> dict[str, list[int]]:
    """The lines of such calls by module, without the opener itself."""
    wanted = {"opens": opens, "renames": renames}[kind]
    found: dict[str, list[int]] = {}
    for name, tree in modules():
        lines = [node.lineno for node in ast.walk(tree) if isinstance(node, ast.Call) and wanted(node)]
        if lines and name != OPENER:
            found[name] = lines
    return found


def call_of(line: str) -> ast.Call:
    node = ast.parse(line, mode="eval").body
    assert isinstance(node, ast.Call)
    return node


@pytest.mark.parametrize(
    "line",
    [
        "open(p)",
        "p.open('rb')",
        "(a / b).read_text()",
        "p.read_bytes()",
        "os.open(p, 0)",
        "np.load(p)",
        "load_file(p)",
    ],
)
def test_the_search_would_find_an_opening(line: str) -> None:
    assert opens(call_of(line))
    assert not opens(call_of("read_regular(p, 1)"))


@pytest.mark.parametrize("line", ["a.replace(b)", "os.replace(a, b)", "tempfile.mkstemp()"])
def test_the_search_would_find_a_renaming(line: str) -> None:
    assert renames(call_of(line))
    assert not renames(call_of("text.replace('a', 'b')"))


def test_files_are_opened_in_one_place() -> None:
    assert {name: lines for name, lines in calls("opens").items() if name not in READERS} == {}


def test_files_are_replaced_in_one_place() -> None:
    assert {name: lines for name, lines in calls("renames").items() if name not in RENAMERS} == {}


def test_every_exception_is_still_one() -> None:
    assert set(READERS) <= set(calls("opens"))
    assert set(RENAMERS) <= set(calls("renames"))
