"""How a name from outside stands in a sentence: on one line, harmless, and with its telling end."""

from __future__ import annotations

from pathlib import Path

import pytest

from vectors.errors import LONGEST_NAME, printable_name


@pytest.mark.parametrize("text", ["pipe.safetensors", Path("here/pipe.safetensors"), "ключ", 7])
def test_a_short_name_stands_as_it_is(text: object) -> None:
    assert printable_name(text) == str(text)


def test_a_long_path_keeps_the_name_of_its_file() -> None:
    found = printable_name(Path("/somewhere" * 20) / "pipe.safetensors")
    assert found.startswith("…")
    assert found.endswith("/pipe.safetensors")
    assert len(found) == LONGEST_NAME


def test_of_any_other_long_text_the_beginning_is_kept() -> None:
    found = printable_name("key" + "x" * 500)
    assert found.startswith("keyx")
    assert found.endswith("…")
    assert len(found) == LONGEST_NAME


@pytest.mark.parametrize("make", [str, Path])
def test_what_a_terminal_could_act_on_is_spelled_out(make: type) -> None:
    assert printable_name(make("a\x1b[2Jb\nc")) == r"a\x1b[2Jb\nc"
