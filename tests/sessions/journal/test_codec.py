"""The vocabulary and its line grammar: nothing is lost on the way through bytes, and damage is noticed."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import MISSING, fields
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions.journal import events as ev
from sessions.journal.codec import BadLine, JournalRecord, decode, encode
from sessions.journal.event import KINDS

SAMPLES: dict[str, Any] = {"int": 7, "str": "x\u2028\n\x1b", "float": 0.5, "bool": True}


def sample(kind: type[ev.Event]) -> ev.Event:
    """One event of a kind with a value in every required field."""
    needed = [f for f in fields(kind) if f.default is MISSING and f.default_factory is MISSING]
    special = {"ids": (1, 2), "text": ("a", "b"), "state": {"bypassed": False}, "lanes": ({"scale": 1.0},)}
    values = {f.name: SAMPLES.get(str(f.type), special.get(f.name)) for f in needed}
    return kind(**values)


@pytest.mark.parametrize("t", KINDS)
def test_every_kind_comes_back_as_it_was(t: str) -> None:
    record = JournalRecord(3, 40, sample(KINDS[t]))
    line = encode(record)
    assert decode(line) == record
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert line.isascii()


def test_unknown_kinds_and_fields_are_kept() -> None:
    future = JournalRecord(1, 0, ev.UnknownEvent(kind="hologram", data={"depth": (1, 2)}))
    assert encode(decode(encode(future))) == encode(future)
    newer = JournalRecord(2, 0, ev.NoteAdded(text="hi", extra={"colour": "red"}))
    assert decode(encode(newer)).event == newer.event


def test_a_known_kind_without_its_fields_is_kept_too() -> None:
    line = encode(JournalRecord(1, 0, ev.UnknownEvent(kind="stop", data={"gen": 1})))
    assert decode(line).event == ev.UnknownEvent(kind="stop", data={"gen": 1})


def test_non_finite_numbers_become_words_that_float_reads() -> None:
    tok = ev.TokensGenerated(gen=0, i=0, ids=(1, 2), text=("a", "b"), lp=(float("nan"), float("-inf")))
    line = encode(JournalRecord(0, 0, tok))
    json.loads(line, parse_constant=pytest.fail)
    assert [float(x) for x in decode(line).event.lp] == pytest.approx(
        [float("nan"), float("-inf")], nan_ok=True
    )


@given(st.data())
def test_any_changed_byte_is_noticed(data: st.DataObject) -> None:
    line = bytearray(encode(JournalRecord(9, 2, ev.NoteAdded(text="the quick brown fox"))))
    at = data.draw(st.integers(0, len(line) - 2))
    line[at] ^= data.draw(st.integers(1, 255))
    with pytest.raises(BadLine):
        decode(bytes(line))


@given(st.binary(max_size=300))
def test_noise_is_never_a_record(noise: bytes) -> None:
    with pytest.raises(BadLine):
        decode(noise)


def test_a_fresh_interpreter_that_begins_here_knows_every_kind() -> None:
    """The defaults are gathered as the module is entered: by then the vocabulary has to be complete."""
    program = (
        "import sessions.journal.codec as l, sessions.journal.events as e; "
        "print(l.USUAL.keys() == e.KINDS.keys() != set())"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "True"
