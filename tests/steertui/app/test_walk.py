"""The real app in a real terminal, on a real engine with the demo model, from the shell to the shell.

What a hand does stands on the screen and in the journal, at the same token in both.
"""

from __future__ import annotations

import base64
import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import vectors
from sessions import events as ev
from steertui import paths
from steertui.engine.launch import find
from tests.steertui.app.walk import (
    ASKED,
    BACKSPACE,
    CTRL_E,
    CTRL_Q,
    CTRL_R,
    CTRL_U,
    DOWN,
    END,
    ENTER,
    ESC,
    F3,
    F4,
    F5,
    HOME,
    RIGHT,
    UP,
    Walk,
    walk,
)

TINY, USUAL = (10, 40), (36, 120)
FAST, SLOW = 0, 2


@pytest.fixture(autouse=True)
def no_engine_stays() -> Iterator[None]:
    yield
    for engine in find():
        os.kill(engine.pid, signal.SIGKILL)


def loads_a_vector_and_raises_it(at: Walk) -> None:
    at.plays()
    at.press("a")
    at.sees("add a vector  ", "path of a file")
    at.press(ENTER)
    at.turned(lambda strip: strip["name"] == "determined-drifting")
    at.sees("1 determined", f"{at.channel['scale']:+.2f} natural")
    louder = at.channel["scale"] + 2 * 0.1
    at.press("]", "]")
    at.turned(lambda strip: strip["scale"] == pytest.approx(louder))
    at.sees(f"{louder:+.2f} natural")
    (vector,) = at.events(ev.Vector)
    assert at.channel["sha256"] == vector.sha256


def every_key_acts_on_the_next_token(at: Walk, gen: int) -> None:
    """`n` tokens are out when a key arrives: it acts on token n, or on n + 1 when the pass of n has begun."""
    keys = {2: "]", 4: "[", 6: "]", 8: "f"}
    for pressed, (tokens, key) in enumerate(keys.items()):
        at.spoke(gen, tokens)
        at.press(key)
        at.at.until(lambda before=pressed: len(dials(at, gen)) > before)
    for said, dial in dials(at, gen):
        assert said <= dial.at <= said + 1
    assert at.channel["flipped"]


def dials(at: Walk, gen: int) -> list[tuple[int, ev.Mixer]]:
    """What was turned in mid-answer, each with the number of tokens that were out before it."""
    said, turned = 0, []
    for record in at.records:
        match record.event:
            case ev.Tok(gen=answer, i=first, ids=ids) if answer == gen:
                said = first + len(ids)
            case ev.Mixer(gen=answer, at=place) if answer == gen and place > 0:
                turned.append((said, record.event))
    return turned


def every_token_was_made_under_the_mixer_of_its_place(at: Walk, gen: int) -> None:
    stamps = [token.mix for token in at.turn(gen).tokens]
    for _, dial in dials(at, gen):
        assert stamps[dial.at] == dial.mix != stamps[dial.at - 1]


def the_flip_is_marked_and_changed_the_text(at: Walk, gen: int, whole: str) -> None:
    """What was said before it stays, what comes after is another."""
    flip = dials(at, gen)[-1][1]
    assert flip.words.startswith("FLIP determined-drifting")
    changed = at.turn(gen).text
    before = "".join(token.text for token in at.turn(gen).tokens[: flip.at])
    assert changed.startswith(before)
    assert not whole.startswith(" ".join(changed.split()))
    above, below = at.page.split("◆ FLIP determined-drifting", 1)
    assert letters(above).endswith(letters(before))
    assert letters(below).endswith(letters(changed.removeprefix(before)))
    assert f"t {flip.at} " in below


def letters(page: str) -> str:
    """What was spoken, without the small markers inside it, the end of a marker's line and any space."""
    spoken = re.sub(r"⟨[^⟩]*⟩|.*─ t \d+ ", " ", page)
    return "".join(spoken.split())


def leaves(at: Walk) -> None:
    at.press(CTRL_Q)
    at.sees("the engine goes on")
    at.press(ENTER)
    assert at.at.leave() == 0


def shrinks_and_grows_in_mid_answer(at: Walk) -> None:
    gen = at.again()
    at.spoke(gen, 2)
    at.at.resize(*TINY)
    at.sees("terminal too small: 40×10")
    seen = len(at.turn(gen).tokens)
    at.spoke(gen, seen + 3)
    at.at.resize(*USUAL)
    at.sees("strips", "bank", "1 determined")
    said = at.ended(gen)
    at.reads(said)


def loses_the_engine_and_starts_it_again(at: Walk) -> None:
    gen = at.again()
    at.spoke(gen, 4)
    session, mixer, first = at.state.session, at.mixer.state, at.engine.pid
    seen = "".join(token.text for token in at.turn(gen).tokens[:4]).strip()
    at.reads(seen)
    os.kill(first, signal.SIGKILL)
    at.sees("The engine is gone; the transcript is safe")
    assert seen in at.page
    at.press(CTRL_R)
    at.sees("IDLE", "the engine was lost", seconds=120)
    assert at.engine.pid != first
    assert at.state.session == session
    assert at.state.desk.state == mixer
    assert [event.session for event in at.events(ev.Open)] == [session, session]
    said = " ".join(at.turn(gen).text.split())
    assert said.startswith(seen)
    at.reads(said)
    at.sees("1 determined", f"{at.channel['scale']:+.2f} natural")
    at.ended(at.again())
    assert at.events(ev.Gen)[-1].mix == at.events(ev.Gen)[-2].mix


def steered_and_left(at: Walk) -> tuple[int, str]:
    """From the first message to an answer that is being spoken while nobody looks; and what it was without hands."""
    at.ready()
    at.paces(FAST)
    plain = at.ended(at.says(ASKED))
    at.reads(plain)
    loads_a_vector_and_raises_it(at)
    whole = at.ended(at.again())
    at.paces(SLOW)
    gen = at.again()
    every_key_acts_on_the_next_token(at, gen)
    leaves(at)
    assert not at.turn(gen).stop, "the answer was over before the hands had left"
    return gen, whole


def comes_back(at: Walk, gen: int, whole: str) -> None:
    """Every token that was spoken meanwhile is on the page, and the answer still goes on."""
    at.spoke(gen, len(at.turn(gen).tokens) + 2)
    at.press(ESC)
    at.ended(gen)
    at.sees("1 determined")
    at.reads("◆ FLIP determined-drifting")
    every_token_was_made_under_the_mixer_of_its_place(at, gen)
    the_flip_is_marked_and_changed_the_text(at, gen, whole)


def test_keys_act_on_the_next_token_and_the_answer_goes_on_while_nobody_looks() -> None:
    with walk() as at:
        gen, whole = steered_and_left(at)
    with walk("attach") as at:
        comes_back(at, gen, whole)


@pytest.mark.slow
def test_a_window_shrinks_in_mid_answer_and_an_engine_is_lost_in_mid_answer() -> None:
    with walk() as at:
        at.ready()
        at.paces(FAST)
        at.ended(at.says(ASKED))
        loads_a_vector_and_raises_it(at)
        at.paces(SLOW)
        shrinks_and_grows_in_mid_answer(at)
        loses_the_engine_and_starts_it_again(at)


def a_cap_holds(at: Walk, plain: str) -> None:
    """Without a push, under a ceiling that the answer would exceed; taken back, it is the plain answer again."""
    at.press("0", "C")
    at.sees("cap of determined-drifting")
    at.press("<-300", ENTER)
    at.turned(lambda strip: strip["ceiling"] == -300)
    gen = at.again()
    capped = at.ended(gen)
    assert capped != plain
    meters = [event.hits for event in at.events(ev.Meter) if event.gen == gen]
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
    at.sees("throw in a distractor")
    at.press("Look, a parade!", ENTER)
    at.sees("as what?")
    at.press(DOWN, ENTER)
    at.reads("DISTRACTOR as the model's own words", "Look, a parade!")
    (thrown,) = at.events(ev.Inject)
    assert (thrown.gen, thrown.how, thrown.text) == (gen, "own", "Look, a parade!")
    at.press(BACKSPACE)
    at.sees("take back how many tokens?")
    at.press("2", ENTER)
    at.reads("2 tokens taken back")
    (back,) = at.events(ev.Rewind)
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
    assert at.events(ev.Turn)[-1].text == "Help me with the ledger."
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
    assert (paths.state() / "yank.txt").read_text("utf-8") == said


def the_session_is_exported_and_played_again(at: Walk) -> None:
    session = at.state.session
    at.press(F5)
    at.sees("sessions", ASKED)
    at.press("e")
    at.sees("export as")
    at.press(ENTER)
    at.sees("written to")
    (written,) = paths.sessions().rglob(f"export/{session}.md")
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
        loads_a_vector_and_raises_it(at)
        a_cap_holds(at, plain)
        at.paces(SLOW)
        a_distractor_falls_into_an_answer_that_is_rewound(at)
        a_prompt_is_written_in_the_editor_recalled_and_pasted(at)
        an_answer_is_copied_to_the_terminal_and_to_a_file(at)
        the_session_is_exported_and_played_again(at)


def begins(at: Walk, kind: str, **lines: str) -> int:
    """A job from its form, these lines filled in, which are the first ones; its number."""
    before = len(at.state.jobs)
    at.press("n")
    at.sees("a new job")
    at.press(kind)
    at.sees(f" {kind}  ")
    at.press(ENTER)
    at.sees("enter start")
    for place, (name, line) in enumerate(lines.items()):
        if place:
            at.moves(DOWN, f"{name}*")
        at.press(line)
        at.sees(line[-20:])
    at.sees("$ steertui ")
    at.press(ENTER)
    at.at.until(lambda: len(at.state.jobs) > before)
    return max(at.state.jobs)


def is_done(at: Walk, job: int) -> dict[str, Any]:
    """Watched to its end, on the screen as in the journal; its report."""
    at.at.until(lambda: at.state.jobs[job].state not in ("queued", "running"), seconds=300)
    task = at.state.jobs[job]
    assert task.state == "done", task.message
    at.sees(f"✓ {job} {task.kind}")
    return dict(task.reports[-1])


@pytest.mark.slow
def test_jobs_are_begun_from_their_forms_watched_and_their_vector_is_played(tmp_path: Path) -> None:
    out = tmp_path / "mine.safetensors"
    with walk() as at:
        at.ready()
        at.press(F3)
        at.sees("No job yet")
        job = begins(at, "Extract", contrast="determined-drifting", out=str(out))
        at.sees(f"▶ {job} extract", "/400", "texts read", "left")
        report = is_done(at, job)
        at.sees("max", f"at layer {report['best_layer']}", "a puts it on the desk")
        at.press("a")
        at.sees("1 mine")
        at.turned(lambda strip: strip["name"] == "mine")
        assert at.channel["sha256"] == vectors.read(out).sha256
        gen = at.says(ASKED)
        at.ended(gen)
        assert at.turn(gen).tokens[0].mix == at.mixer.mix
        at.press(F3)
        job = begins(at, "Weight", base="demo-base", tuned="demo-instruct")
        is_done(at, job)
        at.sees("demo-base", "demo-instruct")
        at.press(F4)
        at.sees("library", "determined-drifting")
        at.press(DOWN)
        at.sees("│ determined-drifting")  # its card
        at.press("t")
        at.sees("checking")
        at.at.until(lambda: any(task.kind == "check" for task in at.state.jobs.values()))
        verdict = is_checked(at)
        at.sees(f"{verdict.upper()}  determined-drifting on demo-instruct")


def is_checked(at: Walk) -> str:
    """The verdict in the journal."""
    job = max(at.state.jobs)
    at.at.until(lambda: at.state.jobs[job].state == "done", seconds=300)
    return str(at.state.jobs[job].reports[-1]["verdict"])
