"""What may not be in the tree, whoever writes it."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PLACES = re.compile(r"/(?:work|farm|root|home/\w+|Users/\w+|tmp/\w+)/")
UNFINISHED = re.compile(r"\b(?:TODO|FIXME|XXX|raise NotImplementedError)\b")
HARD_LIMIT = 400


def tracked(*patterns: str) -> list[Path]:
    """Files under version control; outside a checkout there is nothing to look at."""
    done = subprocess.run(
        ["git", "ls-files", "-z", *patterns], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return [ROOT / name for name in done.stdout.split("\0") if name and (ROOT / name).is_file()]


def lines_with(pattern: re.Pattern[str], files: list[Path]) -> list[str]:
    found = []
    for path in files:
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="ignore").splitlines(), 1):
            if pattern.search(line):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:80]}")
    return found


CODE = [p for p in tracked("*.py", "*.tcss", "*.toml", "*.md", "Makefile", ".ci/run") if p != Path(__file__)]
SHIPPED = [p for p in CODE if p.suffix == ".py" and "tests" not in p.relative_to(ROOT).parts]


@pytest.mark.parametrize("line", ["open('/home/ann/model')", "cd /" + "root/x"])
def test_the_search_would_find_a_place(line: str) -> None:
    assert PLACES.search(line)


@pytest.mark.parametrize("line", ["raise NotImplementedError", "x = 1  # TODO later", "# FIXME"])
def test_the_search_would_find_what_is_unfinished(line: str) -> None:
    assert UNFINISHED.search(line)


@pytest.mark.skipif(
    not CODE, reason="not a checkout: the shipped files have been looked at where they were made"
)
class TestCheckout:
    def test_no_paths_of_somebody_s_machine(self) -> None:
        assert lines_with(PLACES, CODE) == []

    def test_nothing_is_left_for_later(self) -> None:
        assert lines_with(UNFINISHED, CODE) == []

    def test_no_file_outgrows_its_noun(self) -> None:
        long = {
            str(p.relative_to(ROOT)): n
            for p in SHIPPED
            if (n := len(p.read_text().splitlines())) > HARD_LIMIT
        }
        assert long == {}
