"""Names in the line of a mixer: the library, poles, files with a choice inside, and contents by their hash."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import vectors
from core import demo
from core.errors import SteerError, UsageError
from core.mixer.mixer import Channel, Mixer
from tests.vectors import samples
from vectors.library import library
from vectors.library.naming import absolute_name, locate_vector, parse_name


@pytest.fixture(autouse=True)
def _no_starters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "starter_vectors", dict)


def kept(
    name: str, seed: int = 0, sign_note: str = "", poles: tuple[str, ...] = ()
) -> vectors.SteeringVector:
    vector = samples.vector(seed)
    vector = vector.with_about(replace(vector.about, name=name, sign_note=sign_note, poles=poles))
    library.add_to_library(vector)
    return vector


def test_a_line_finds_the_library_poles_and_files(tmp_path: Path) -> None:
    calm = kept("calm-hurried", 1, sign_note="+ = calm, − = hurried")
    other = samples.vector(2)
    other.save(tmp_path / "their file.gguf")
    mixer = vectors.mixer(f'0.5 unit hurried + 2 raw "{tmp_path}/their file.gguf"@1 [floor=p25]')
    first, second = mixer.channels
    assert (first.vector, first.scale) == (calm, -0.5)
    assert (second.vector, second.layers, second.floor) == (other, (1,), "p25")
    line = f'-0.5 unit calm-hurried + 2.0 raw "{tmp_path}/their file.gguf"@1[floor=p25]'
    assert str(mixer) == line
    assert vectors.mixer(line) == mixer


@pytest.mark.parametrize("suffix", ["safetensors", "gguf", "svec"])
def test_files_carry_the_poles_of_a_card(suffix: str, tmp_path: Path) -> None:
    vector = samples.vector()
    vector = vector.with_about(replace(vector.about, sign_note="", poles=("bold", "shy")))
    vector.save(tmp_path / f"x.{suffix}")
    assert vectors.read(tmp_path / f"x.{suffix}").poles == ("bold", "shy")


@pytest.mark.parametrize(
    ("note", "poles"),
    [
        ("+ = determined, − = drifting", ("determined", "drifting")),
        ("+ = plain assistant, - = persona", ("plain assistant", "persona")),
        ("+ = determined", ()),
        ("+ = a, − = b, or c", ()),
        ("as pirate", ()),
        ("", ()),
    ],
)
def test_older_files_say_their_poles_in_the_sign_note(note: str, poles: tuple[str, ...]) -> None:
    assert vectors.About(sign_note=note).pole_names == poles


def test_a_pole_of_two_vectors_names_both() -> None:
    kept("first", 1, poles=("warm", "cold"))
    kept("second", 2, poles=("cold", "hot"))
    with pytest.raises(UsageError, match="column 5, “cold”: 'cold' is a pole of first and second"):
        vectors.mixer("0.5 cold")
    # A name of the library wins over a pole.
    cold = kept("cold", 3, poles=("x", "cold"))
    (channel,) = vectors.mixer("0.5 cold").channels
    assert (channel.vector, channel.scale) == (cold, 0.5)


def test_a_choice_inside_a_file_is_part_of_its_name(tmp_path: Path) -> None:
    samples.vector(layers=(1, 2, 3)).save(tmp_path / "x.gguf")
    shifted = vectors.read(f"{tmp_path}/x.gguf#shift=-1")
    assert shifted == vectors.read(tmp_path / "x.gguf", shift=-1)
    assert shifted.reference == f"{tmp_path}/x.gguf#shift=-1"
    assert shifted != vectors.read(tmp_path / "x.gguf")
    (channel,) = vectors.mixer(f"1 unit {tmp_path}/x.gguf#shift=-1").channels
    assert channel.vector == shifted
    assert vectors.mixer(str(Mixer((channel,)))) == Mixer((channel,))


def test_a_file_that_is_called_like_a_choice_is_a_file(tmp_path: Path) -> None:
    samples.vector().save(tmp_path / "x#shift=-1", to="native")
    assert parse_name(f"{tmp_path}/x#shift=-1").shift is None


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("x#shift=1.5", "takes a whole number"),
        ("x#sha=12", "takes 8 to 64 hex digits"),
        ("x#shift=1#shift=2", "#shift= stands twice"),
        ("x#feature=9143", "#feature= is not read yet"),
        ("x#sha=" + "0" * 8, "no vector of the library has the content"),
        ("y" * 300, "y"),
        ("/nowhere/at/all.gguf", "no such file"),
        ("nul\0byte", "nul"),
    ],
)
def test_a_name_that_leads_nowhere_is_one_sentence(name: str, words: str) -> None:
    with pytest.raises(SteerError, match=words):
        vectors.mixer(f'1 "{name}"')


def test_a_vector_is_found_by_its_content_under_any_name() -> None:
    vector = kept("before", 4)
    line = str(Mixer((Channel(vector, 1.0, "unit"),)))
    # Made in memory: nothing says that the library has it.
    assert line == f"1.0 unit before#sha={vector.sha256[:8]}"
    library.rename("before", "after")
    kept("before", 5)
    (channel,) = vectors.mixer(line).channels
    assert channel.vector == vector
    assert str(vectors.mixer(line)) == "1.0 unit after"
    assert locate_vector(line.split()[-1]).base == "after"


def test_a_vector_that_was_changed_is_not_the_one_it_was_asked_for() -> None:
    kept("mine")
    vector = vectors.read("mine")
    assert vector.reference == "mine"
    assert (2.0 * vector).reference.partition("#sha=")[2] == (2.0 * vector).sha256[:8]
    assert vector.only([vector.layers[0]]).reference.startswith("mine#sha=")
    assert vectors.read("mine", layers=[vector.layers[0]]).reference.startswith("mine#sha=")


def test_an_absolute_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept("mine")
    samples.vector().save(tmp_path / "x.gguf")
    monkeypatch.chdir(tmp_path)
    assert absolute_name("x.gguf#shift=2") == f"{tmp_path}/x.gguf#shift=2"
    assert absolute_name("mine") == "mine"
