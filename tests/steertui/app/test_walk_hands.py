"""The real app in a real terminal: caps, distractors, rewinding, a prompt from elsewhere, and what is taken home."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from sessions.journal import events as ev
from steertui import paths
from tests.steertui.app.walk import (
    ASKED,
    BACKSPACE,
    CTRL_E,
    CTRL_U,
    DOWN,
    END,
    ENTER,
    ESC,
    F5,
    FAST,
    HOME,
    RIGHT,
    SLOW,
    TAB,
    UP,
    Walk,
    walk,
)

pytestmark = pytest.mark.usefixtures("no_engine_stays")


def keys_of_one_read_go_where_the_first_of_them_leads(at: Walk) -> None:
    """As a slow line delivers them: the scale is typed into its dialog, and the dial moves on from there."""
    at.press(b"=" + CTRL_U + b"0.7" + ENTER + b"]")
    at.turned(lambda strip: strip["scale"] == pytest.approx(0.8))
    at.press(b"i" + UP)
    at.sees(f"│ {ASKED}")
    at.press(CTRL_U + TAB + b"dparade")
    at.sees("insert a distractor", "parade")
    at.press(ESC)
    # A key that comes with esc in one read is another key.
    at.at.until(lambda: "insert a distractor" not in at.at.text and not at.at.pending())


def a_cap_holds(at: Walk, plain: str) -> None:
    """Without a push, under a ceiling that the answer would exceed; taken back, it is the plain answer again."""
    at.press("0", "C")
    at.sees("cap of determined-drifting")
    at.press("<-300", ENTER)
    at.turned(lambda strip: strip["ceiling"] == -300)
    gen = at.again()
    capped = at.ended(gen)
    assert capped != plain
    meters = [event.hits for event in at.events(ev.MeterReadings) if event.gen == gen]
    held = [layers for hits in meters for layers in hits["determined-drifting"]]
    assert sum(map(bool, held)) > 0
    at.sees("cap ≤ −300", f"hits {sum(map(bool, held))}/{len(held)}")
    at.press("z")
    at.turned(lambda strip: strip.get("ceiling") is None)
    assert at.ended(at.again()) == plain


def a_distractor_falls_into_an_answer_that_is_rewound(at: Walk) -> None:
    gen = at.again()
    at.spoke(gen, 4)
    at.press(" ")
    at.sees("PAUSED")
    at.press("d")
    at.sees("insert a distractor")
    at.press("Look, a parade!", ENTER)
    at.sees("as what?")
    at.press(DOWN, ENTER)
    at.reads("DISTRACTOR as the model's own words", "Look, a parade!")
    (thrown,) = at.events(ev.TextInjected)
    assert (thrown.gen, thrown.how, thrown.text) == (gen, "own", "Look, a parade!")
    at.press(BACKSPACE)
    at.sees("take back how many tokens?")
    at.press("2", ENTER)
    at.reads("2 tokens taken back")
    (back,) = at.events(ev.AnswerRewound)
    assert (back.gen, back.dropped) == (gen, 2)
    at.press(" ")
    at.ended(gen)
    at.paces(FAST)
    assert len(at.turn(gen).tokens) > back.to


def a_prompt_is_written_in_the_editor_recalled_and_pasted(at: Walk) -> None:
    at.types()
    at.press("Help me", CTRL_E)
    at.sees("Help me with the ledger.")
    at.ended(at.says(""))
    assert at.events(ev.TurnAdded)[-1].text == "Help me with the ledger."
    at.types()
    at.press(UP)
    at.sees("│ Help me with the ledger.")
    long = "\n".join(f"row {n} \u202eturned\x07 [@click=app.quit]" for n in range(400))
    at.press(CTRL_U, b"\x1b[200~", long.encode(), b"\x1b[201~")
    at.sees("row 399 ⟦RLO⟧turned␇ [@click=app.quit]")


def an_answer_is_copied_to_the_terminal_and_to_a_file(at: Walk) -> None:
    said = at.state.path()[-1].text
    at.plays()
    at.press("y")
    at.sees("yank.txt")
    assert base64.b64encode(said.encode()) in at.at.raw.split(b"\x1b]52;c;")[-1]
    assert (paths.state_folder() / "yank.txt").read_text("utf-8") == said


def the_session_is_exported_and_played_again(at: Walk) -> None:
    session = at.state.session
    at.press(F5)
    at.sees("sessions", ASKED)
    at.press("e")
    at.sees("export as")
    at.press(ENTER)
    at.sees("path copied")
    (written,) = paths.sessions_folder().rglob(f"export/{session}.md")
    text = written.read_text("utf-8")
    assert ASKED in text
    assert "2 tokens taken back" in text
    at.press("p")
    at.sees("timeline · paused")
    at.press(END)
    at.sees("Help me with the ledger.")
    at.press(HOME, RIGHT, RIGHT)
    answer = next(turn for turn in at.state.path() if turn.gen is not None)
    first = "".join(token.text for token in answer.tokens[:2])
    at.sees(f"asst {first}")
    at.press(ESC)
    at.sees("sessions")
    at.press(ESC)
    at.ready()


@pytest.mark.slow
def test_an_answer_is_capped_distracted_rewound_copied_exported_and_replayed(tmp_path: Path) -> None:
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\nprintf " with the ledger." >> "$1"\n')
    editor.chmod(0o755)
    with walk(environment={"VISUAL": str(editor)}) as at:
        at.ready()
        at.paces(FAST)
        plain = at.ended(at.says(ASKED))
        at.loads_a_vector_and_raises_it()
        keys_of_one_read_go_where_the_first_of_them_leads(at)
        a_cap_holds(at, plain)
        at.paces(SLOW)
        a_distractor_falls_into_an_answer_that_is_rewound(at)
        a_prompt_is_written_in_the_editor_recalled_and_pasted(at)
        an_answer_is_copied_to_the_terminal_and_to_a_file(at)
        the_session_is_exported_and_played_again(at)
