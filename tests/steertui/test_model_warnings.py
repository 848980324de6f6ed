"""What a user has to know about a loaded model is said where the model is loaded: on the desk and on stderr."""

from types import SimpleNamespace
from unittest.mock import Mock

import pytest

from sessions.journal import events as ev
from sessions.state.state import SessionState
from steertui.cli.backend import wait_for_model
from steertui.screens.desk.transcript_feed import TranscriptFeed

WARNING = "tiny: in bfloat16 its logits depend on how a text is fed"


def ready(**facts):
    return ev.ModelChanged(state="ready", name="tiny", progress=1.0, facts=facts)


@pytest.mark.parametrize(
    ("facts", "shown"), [({"warnings": [WARNING]}, [WARNING]), ({}, []), ({"warnings": 3}, [])]
)
def test_it_is_said_on_the_desk_and_on_stderr(capsys, facts, shown):
    feed = TranscriptFeed(Mock(), Mock(), Mock())
    feed.on_model(ready(**facts), SessionState())
    assert [(item.text, item.tone) for item in feed.items] == [(text, "warning") for text in shown]
    records = iter([SimpleNamespace(event=ready(**facts))])
    wait_for_model(SimpleNamespace(records=lambda: records), Mock())
    assert capsys.readouterr().err == "".join(f"{text}\n" for text in shown)
