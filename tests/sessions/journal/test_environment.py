"""What a session says about its surroundings: enough to compare, and never a key."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.secrets import scrub
from sessions.journal.environment import opening_event
from sessions.journal.journal import Journal
from sessions.journal.ulid import is_ulid, new_ulid

CANARY = "canary-4f1c9d-do-not-print"


def test_the_opening_names_versions_and_what_alters_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    event = opening_event("S", "0.1", argv=["steertui", "say", "hello"])
    assert {"python", "torch", "transformers", "numpy"} <= event.versions.keys()
    assert event.numerics["OMP_NUM_THREADS"] == "3"
    assert event.argv == ("steertui", "say", "hello")


def test_no_secret_reaches_a_journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_API_KEY", CANARY)
    journal, folder = Journal.create(tmp_path)
    words = [
        "steertui",
        f"--x={CANARY}",
        "sk-ant-api03-abcdef",
        "hf_abcdefgh12",
        "Authorization: Bearer abc.def",
    ]
    journal.append(opening_event(journal.session, "0.1", argv=words))
    journal.close("done")
    text = folder.journal.read_text()
    for secret in (CANARY, "sk-ant-api03", "hf_abcdefgh12", "abc.def"):
        assert secret not in text
    assert "[secret]" in text


def test_ordinary_words_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHORT_KEY", "x")
    assert scrub("say hf_ and sk- and x to the Bearer") == "say hf_ and sk- and x to the Bearer"


def test_names_of_sessions_sort_by_time_and_do_not_repeat() -> None:
    names = [new_ulid() for _ in range(2000)]
    assert len(set(names)) == 2000
    assert all(map(is_ulid, names))
    assert [name[:10] for name in names] == sorted(name[:10] for name in names)
    assert not is_ulid("../../../../../../etc/pass")
