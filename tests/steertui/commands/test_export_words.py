"""The commands that export name every format there is, and each is explained in the dialog."""

from __future__ import annotations

from sessions.export import FORMS, LOGS
from steertui.commands import COMMANDS
from steertui.screens.sessions.exporting import SAID


def test_the_words_of_an_export_name_every_format() -> None:
    formats = [*FORMS, *LOGS]
    titles = {command.title for command in COMMANDS if command.id.endswith(".export")}
    assert titles == {f"Export it: {', '.join(formats)}"}
    assert list(SAID) == formats
