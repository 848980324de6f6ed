"""One word, one thing: class names are unique, and function names have two words or stand in the glossary."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("core", "vectors", "sessions", "steertui")
GLOSSARY = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
MOST_SINGLE_WORDS = 60


def single_words(page: str = GLOSSARY) -> set[str]:
    """The function names of one word that the glossary explains: the rows of its last table."""
    return set(re.findall(r"^\| `(\w+)` \|", page.partition("## Functions of one word")[2], re.M))


def public_definitions() -> dict[str, list[ast.stmt]]:
    """Public functions and classes at module level, by file."""
    found = {}
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            body = ast.parse(path.read_text(encoding="utf-8")).body
            kinds = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
            found[str(path.relative_to(ROOT))] = [
                node for node in body if isinstance(node, kinds) and not node.name.startswith("_")
            ]
    return found


DEFINITIONS = public_definitions()


def class_files(definitions: dict[str, list[ast.stmt]]) -> dict[str, list[str]]:
    files: dict[str, list[str]] = defaultdict(list)
    for file, nodes in definitions.items():
        for node in nodes:
            if isinstance(node, ast.ClassDef):
                files[node.name].append(file)
    return files


def single_word_functions(definitions: dict[str, list[ast.stmt]]) -> dict[str, list[str]]:
    files: dict[str, list[str]] = defaultdict(list)
    for file, nodes in definitions.items():
        for node in nodes:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and "_" not in node.name:
                files[node.name].append(file)
    return files


def test_no_class_name_stands_for_two_things() -> None:
    assert {name: files for name, files in class_files(DEFINITIONS).items() if len(files) > 1} == {}


def test_no_class_is_told_apart_by_a_number_or_its_package() -> None:
    names = set(class_files(DEFINITIONS))
    prefixes = ("Core", "Vectors", "Sessions", "Steertui")
    assert {
        n for n in names if n[-1].isdigit() or (n.startswith(prefixes) and n[len("Core") :] in names)
    } == set()


def test_a_function_of_one_word_is_in_the_glossary() -> None:
    unknown = {n: f for n, f in single_word_functions(DEFINITIONS).items() if n not in single_words()}
    assert unknown == {}


def test_the_glossary_s_list_is_short_and_none_of_it_is_unused() -> None:
    assert len(single_words()) <= MOST_SINGLE_WORDS
    assert single_words() - set(single_word_functions(DEFINITIONS)) == set()


@pytest.mark.parametrize(
    ("source", "classes", "functions"),
    [
        ("class Step: pass\ndef told(): pass", {"Step"}, {"told"}),
        ("class _Hidden: pass\ndef _hidden(): pass\ndef two_words(): pass", set(), set()),
    ],
)
def test_the_search_would_find_a_name(source: str, classes: set[str], functions: set[str]) -> None:
    nodes = {"x.py": [n for n in ast.parse(source).body if not getattr(n, "name", "_").startswith("_")]}
    assert set(class_files(nodes)) == classes
    assert set(single_word_functions(nodes)) == functions


def test_words_of_the_glossary_have_one_row_each() -> None:
    words = re.findall(r"^\| \*\*([^*|]+)\*\* \|", GLOSSARY, re.M)
    assert len(words) > 30
    assert sorted(words) == sorted(set(words))
