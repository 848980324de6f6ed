"""The library on disk: names, notes, trash, and files that somebody put there by hand."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import vectors
from core import demo
from core.errors import UsageError
from steertui.cli.main import main
from tests.vectors import samples
from vectors.library import library


@pytest.fixture
def starter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> vectors.SteeringVector:
    """One vector that comes with the demo models."""
    vector = samples.vector(7).named("drift")
    vector.save(tmp_path / "drift.safetensors")
    monkeypatch.setattr(demo, "starter_vectors", lambda: {"drift": tmp_path / "drift.safetensors"})
    return vector


def added(name: str = "sample", seed: int = 0) -> vectors.SteeringVector:
    vector = samples.vector(seed).named(name)
    library.add_to_library(vector)
    return vector


def names() -> list[str]:
    return [entry.name for entry in library.list_entries()]


def test_a_vector_is_kept_found_and_says_where_it_came_from(tmp_path: Path) -> None:
    samples.vector().save(tmp_path / "theirs.gguf")
    library.add_to_library(vectors.read(tmp_path / "theirs.gguf"), "mine")
    vector = vectors.read("mine")
    assert vector.name == "mine"
    assert vector == samples.vector()
    assert vector.about.source.startswith("theirs.gguf (gguf, sha256 ")
    assert "output of block N" in vector.about.source
    assert library.library_folder().stat().st_mode & 0o077 == 0


def test_starters_are_always_there_and_stay(starter: vectors.SteeringVector) -> None:
    added("zebra")
    own = {entry.name: entry.starter for entry in library.list_entries()}
    assert own == {"drift": True, "zebra": False}
    assert vectors.read("drift") == starter
    for refused in (lambda: library.remove("drift"), lambda: library.rename("drift", "x")):
        with pytest.raises(UsageError, match="comes with the demo models"):
            refused()
    with pytest.raises(UsageError, match="already"):
        library.add_to_library(starter)


def test_the_demo_models_starters_are_readable() -> None:
    for name, path in demo.starter_vectors().items():
        vector = vectors.read(name)
        assert vector == vectors.read(path)
        assert vector.card.format == "native"
        assert vector.gaps


def test_rename_takes_the_note_along_and_rm_fills_the_trash() -> None:
    vector = added("old")
    library.write_note("old", "works on late layers")
    library.rename("old", "new")
    entry = library.search("late works")[0]
    assert (entry.name, entry.note) == ("new", "works on late layers")
    assert vectors.read("new").name == "new"
    first = library.remove("new")
    added("new")
    second = library.remove("new")
    assert names() == [*demo.starter_vectors()]
    assert first != second
    assert first.parent == second.parent == library.library_folder() / "trash"
    assert vectors.read(first) == vector
    with pytest.raises(UsageError, match="has no vector 'new'"):
        library.remove("new")


def test_what_is_in_the_trash_comes_back_as_it_was_with_its_note() -> None:
    first = added("pair", 1)
    library.write_note("pair", "the first")
    library.remove("pair")
    second = added("pair", 2)
    assert library.search("pair")[0].note == "", "a note belongs to the vector and not to the name"
    place = library.remove("pair")
    assert [library.original_name(each) for each in library.list_trash()] == ["pair", "pair"]
    (library.library_folder() / "trash" / "stray.txt").write_text("not put there by us")
    assert library.restore_vector("pair") == "pair"
    assert vectors.read("pair") == second
    with pytest.raises(UsageError, match="has a vector 'pair' again"):
        library.restore_vector("pair")
    library.rename("pair", "other")
    assert not place.exists()
    library.restore_vector(library.list_trash()[0].place.name)
    assert vectors.read("pair") == first
    assert library.search("pair first")[0].note == "the first"
    with pytest.raises(UsageError, match=r"trash has no vector '\.\./notes"):
        library.restore_vector("../notes.json")


def test_the_trash_from_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    added("old")
    assert main(["library", "rm", "old"]) == 0
    assert main(["library", "trash"]) == 0
    assert "  old  (" in capsys.readouterr().out
    assert main(["library", "restore", "old"]) == 0
    assert "old" in names()
    assert main(["library", "restore", "old"]) == 2


def test_search_looks_at_names_notes_and_origins() -> None:
    added("alpha")
    added("beta", 1)
    library.write_note("beta", "for the talk")
    assert [entry.name for entry in library.search("TALK")] == ["beta"]
    assert {entry.name for entry in library.search("determined-drifting tiny-6l")} >= {"alpha", "beta"}
    assert library.search("nobody wrote this") == []
    library.write_note("beta", "")
    assert library.search("talk") == []


@pytest.mark.parametrize(
    "name",
    [
        "../../.ssh/x",
        "/etc/x",
        "a\0b",
        "CON",
        "nul.x",
        "a" * 300,
        ".",
        "..",
        "",
        "a b",
        "é",
        ".hidden",
        "x\n",
        "com1",
    ],
)
def test_a_name_that_could_mean_something_else_is_refused(name: str) -> None:
    vector = samples.vector()
    sentence = r"name may use letters, digits, . _ - \(max 100\)"
    with pytest.raises(UsageError, match=sentence) as refused:
        library.add_to_library(vector, name or "\x1b")
    assert refused.value.exit_code == 2
    added("fine")
    with pytest.raises(UsageError, match=sentence):
        library.rename("fine", name)


def test_hostile_file_names_are_listed_escaped_and_open(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    added("plain")
    for raw in (b"a\x1b]0;x\x07.safetensors", b"line\nbreak.gguf", b"latin-\xe9.safetensors"):
        suffix = raw.rsplit(b".", 1)[1].decode()
        samples.vector().save(tmp_path / f"x.{suffix}")
        target = library.library_folder() / os.fsdecode(raw)
        (tmp_path / f"x.{suffix}").rename(target)
        assert vectors.read(target) == samples.vector()
        assert main(["card", str(target)]) == 0
    assert main(["library", "list"]) == 0
    assert main(["library", "list", "--json"]) == 0
    printed = capsys.readouterr().out
    assert "\x1b" not in printed
    assert "\x07" not in printed
    assert "line\nbreak" not in printed
    assert len(library.list_entries()) == 4 + len(demo.starter_vectors())


def test_links_out_and_pipes_are_shown_as_problems(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    added("good")
    samples.vector().save(tmp_path / "secret.safetensors")
    (library.library_folder() / "out.safetensors").symlink_to(tmp_path / "secret.safetensors")
    (library.library_folder() / "within.safetensors").symlink_to(
        library.library_folder() / "good.safetensors"
    )
    os.mkfifo(library.library_folder() / "pipe.safetensors")
    problems = {entry.name: entry.problem for entry in library.list_entries() if not entry.starter}
    assert "not a regular file" in problems["out"]
    assert "not a regular file" in problems["pipe"]
    assert problems["good"] == problems["within"] == ""
    assert main(["library", "list"]) == 3
    assert "pipe.safetensors: not a regular file" in capsys.readouterr().err
    with pytest.raises(vectors.VectorFileError, match="not a regular file"):
        vectors.read("out")


def test_an_undecided_file_is_not_kept_before_somebody_decides(tmp_path: Path) -> None:
    import torch

    torch.save(torch.randn(7, 8), tmp_path / "mystery.pt")
    assert main(["library", "add", str(tmp_path / "mystery.pt")]) == 4
    assert main(["library", "add", str(tmp_path / "mystery.pt"), "--shift", "-1"]) == 0
    assert vectors.read("mystery").layers == tuple(range(6))


def test_a_name_that_is_nothing_is_answered_with_what_there_is() -> None:
    added("alpha")
    with pytest.raises(
        vectors.VectorFileError, match="no vector 'alhpa': neither a file here nor one of .*alpha"
    ):
        vectors.read("alhpa")


def test_a_damaged_notes_file_costs_the_notes_only() -> None:
    added("alpha")
    (library.library_folder() / "notes.json").write_text("{")
    assert "alpha" in names()
    library.write_note("alpha", "again")
    assert library.search("again")
