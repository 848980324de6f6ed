from __future__ import annotations

from pathlib import Path

import pytest

from core.files import expand_home
from steertui.cli import main

NOBODY = "~nobody-has-this-name/x"


def test_a_home_is_found_and_a_name_that_nobody_has_is_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/there")
    assert expand_home("~/x") == expand_home(Path("~/x")) == Path("/there/x")
    assert expand_home(NOBODY) == Path(NOBODY)


@pytest.mark.parametrize("name", [NOBODY, "a" * 300])
@pytest.mark.parametrize(
    "words",
    [
        ("run", "sweep"),
        ("run", "sweep", "assistant-persona", "--prompts"),
        ("run", "sweep", "assistant-persona", "--contrast"),
        ("contrast", "show"),
        ("card"),
        ("check", "assistant-persona", "--contrast"),
    ],
)
def test_what_cannot_be_a_file_is_said_to_be_missing(
    words: tuple[str, ...], name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.main([*words, name]) in (2, 4)
    assert "internal error" not in capsys.readouterr().err
