"""The header of a contrast file: what it says holds for the set, and a wrong one is refused with its line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import vectors
from core.errors import BadInput
from vectors.contrasts.header import SetHeader
from vectors.contrasts.store import save_pairs
from vectors.texts.pair import ContrastPair

PAIR = {"positive": "yes", "negative": "no"}


def write_file(folder: Path, *entries: dict[str, Any]) -> Path:
    file = folder / "pairs.jsonl"
    file.write_text("".join(json.dumps(entry) + "\n" for entry in entries))
    return file


def test_a_header_says_what_the_set_is(tmp_path: Path) -> None:
    header = {"read": "span:-4:", "poles": ["warm", "cold"], "about": "tone"}
    found = vectors.contrast(write_file(tmp_path, header, PAIR, PAIR))
    assert (found.read, found.poles, found.about) == ("span:-4:", ("warm", "cold"), "tone")
    assert len(found.pairs) == 2


def test_without_a_header_the_last_token_is_read(tmp_path: Path) -> None:
    found = vectors.contrast(write_file(tmp_path, PAIR))
    assert (found.read, found.poles, found.about) == ("last", ("positive", "negative"), "")
    said = vectors.contrast(write_file(tmp_path, {"about": "tone"}, PAIR))
    assert (said.read, said.poles, said.about) == ("last", ("positive", "negative"), "tone")


def test_a_header_is_no_text_of_the_set(tmp_path: Path) -> None:
    plain = vectors.contrast(write_file(tmp_path, PAIR)).sha256
    assert vectors.contrast(write_file(tmp_path, {"read": "last"}, PAIR)).sha256 == plain


@pytest.mark.parametrize(
    ("header", "sentence"),
    [
        ({"read": "first"}, "line 1: no read 'first'; there is last"),
        ({"read": 3}, "line 1: read has to be a text"),
        ({"poles": ["warm"]}, "line 1: poles has to be two texts"),
        ({"poles": "warm"}, "line 1: poles has to be two texts"),
        ({"poles": ["warm", " "]}, "line 1: poles has to be two texts"),
        ({"about": []}, "line 1: about has to be a text"),
    ],
)
def test_a_wrong_header_is_refused_with_its_line(
    header: dict[str, Any], sentence: str, tmp_path: Path
) -> None:
    with pytest.raises(BadInput, match=f"pairs.jsonl: {sentence}"):
        vectors.contrast(write_file(tmp_path, header, PAIR))


def test_a_header_alone_is_an_empty_file(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no entries in it"):
        vectors.contrast(write_file(tmp_path, {"read": "last"}))


def test_a_saved_set_keeps_its_header(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    save_pairs([ContrastPair("yes", "no")], out, SetHeader("last", ("agrees", "denies")))
    found = vectors.contrast(out)
    assert (found.poles, len(found.pairs)) == (("agrees", "denies"), 1)
