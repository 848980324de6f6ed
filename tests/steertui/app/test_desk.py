"""What a user does at the desk, key by key, against the real engine with a scripted model."""

from __future__ import annotations

import pytest

from steertui.screens.desk import key_modes
from tests.steertui.app.stage import Stage, stage
from tests.steertui.scripted_engine import Studio, words

pytestmark = pytest.mark.anyio


def spoken(stage: Stage) -> str:
    return stage.desk.transcript.document.last_answer()


async def test_chat() -> None:
    async with stage() as at:
        await at.ask("Help me with the parser.")
        await at.play(5)
        assert spoken(at) == "I will not give up"
        await at.sees("you  Help me with the parser.", "asst I will not give up")
        at.studio.metronome.tick(1000)
        await at.ready()
        assert spoken(at) == " ".join(at.studio.script).replace("  ", " ")


async def test_add_a_vector_and_raise_it() -> None:
    async with stage() as at:
        await at.add("pirate")
        assert [channel.label for channel in at.desk.mixer_panel.board.mixer.channels] == ["pirate"]
        scale = at.desk.mixer_panel.board.channel.scale
        await at.press("right_square_bracket", "right_curly_bracket")
        assert at.desk.mixer_panel.board.channel.scale == pytest.approx(scale + 0.05 + 0.25)
        await at.until(lambda: at.desk.link.state.mixer.rev == at.desk.mixer_rev)
        heard = at.desk.link.state.mixer.state["channels"][0]
        assert (heard["name"], heard["scale"]) == ("pirate", at.desk.mixer_panel.board.channel.scale)
        await at.press("0")
        assert at.desk.mixer_panel.board.channel.scale == 0


async def test_another_unit_is_told_with_what_it_comes_to() -> None:
    async with stage() as at:
        await at.add("pirate")
        await at.press("u")
        assert at.desk.mixer_panel.board.channel.unit != "relative"
        (said,) = [toast for toast in at.toasts if toast.startswith("pirate → ")]
        assert ": the same push, 0.06‖h‖ a layer, Σ 0.30" in said
        assert said.endswith("; z undoes")
        await at.press("z")
        assert at.desk.mixer_panel.board.channel.unit == "relative"


async def test_an_answer_says_what_it_starts_under() -> None:
    async with stage() as at:
        await at.add("pirate")
        at.desk.prompt.focus()
        await at.ask()
        await at.play(1)
        assert [(marker.at, marker.text[:11]) for marker in at.markers] == [(0, "pirate +0.3")]


async def test_every_steered_answer_says_what_it_starts_under() -> None:
    async with stage(Studio(words("short answer"))) as at:
        at.studio.loaded.set()
        await at.add("pirate")
        for question in ("one", "two"):
            at.desk.prompt.focus()
            await at.ask(question)
            at.studio.metronome.tick(3)
            await at.ready()
        assert [(marker.at, marker.text[:11]) for marker in at.markers] == [(0, "pirate +0.3")] * 2


async def test_flip_in_mid_answer_is_marked_at_the_token() -> None:
    async with stage() as at:
        await at.add("pirate")
        at.desk.prompt.focus()
        await at.ask()
        await at.play(4)
        await at.press("f")
        await at.until(lambda: at.desk.link.state.mixer.rev == at.desk.mixer_rev)
        await at.play(3)
        # The model waited inside the pass of token 4, which began before the key: the flip acts on token 5.
        flip = next(marker for marker in at.markers if marker.text.startswith("FLIP"))
        assert (flip.text, flip.at) == ("FLIP pirate → −0.30 rel", 5)
        items = at.desk.transcript.document.items
        before, after = items[items.index(flip) - 1], items[items.index(flip) + 1]
        assert (before.index, after.index) == (4, 5)
        lived = at.studio.instrument.answers[-1].lived
        assert [state["channels"][0]["flipped"] for state in lived[:7]] == [False] * 5 + [True] * 2


async def test_cap_asks_once_and_then_toggles() -> None:
    async with stage() as at:
        await at.add("pirate")
        await at.press("c")
        await at.press(*">0.5 <2", "enter")
        await at.until(lambda: at.desk.mixer_panel.board.channel.is_capped)
        channel = at.desk.mixer_panel.board.channel
        assert (channel.floor, channel.ceiling) == (0.5, 2.0)
        await at.sees("cap ≥ 0.5 ≤ 2")
        await at.press("c")
        assert not at.desk.mixer_panel.board.channel.is_capped
        assert at.toasts[-1] == "pirate → cap off; c switches it off and on, C edits it"
        await at.sees("c cap on/off")
        await at.press("c")
        assert at.desk.mixer_panel.board.channel.floor == 0.5


async def test_a_wrong_cap_is_explained_and_asked_again() -> None:
    async with stage() as at:
        await at.add("pirate")
        await at.press("C")
        await at.press(*"loud", "enter")
        await at.sees("cannot read 'loud' as a cap")
        await at.press("escape")
        assert not at.desk.mixer_panel.board.channel.is_capped


async def test_pause_and_stop() -> None:
    async with stage() as at:
        await at.ask()
        await at.play(2)
        await at.press("space")
        at.studio.metronome.tick(1)
        await at.until(lambda: at.word == "paused")
        held = len(at.pieces)
        await at.press("space")
        await at.until(lambda: at.word == "generating")
        await at.play(2)
        assert len(at.pieces) >= held + 1
        await at.press("escape")
        at.studio.metronome.tick(1)
        await at.ready()
        assert any(note.startswith("stopped after") for note in at.notes)


async def test_play_comes_by_itself_and_goes_again() -> None:
    async with stage() as at:
        await at.ready()
        assert at.desk.mode == "TYPE"
        await at.ask()
        assert at.desk.mode == "PLAY"
        at.studio.metronome.tick(1000)
        await at.until(lambda: at.desk.mode == "TYPE")


@pytest.mark.parametrize("key", ["f", "escape", "space", "left"])
async def test_after_a_play_key_in_the_answer_no_key_lands_in_the_prompt(
    key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_modes, "LINGER_S", 0.01)
    async with stage() as at:
        await at.add("pirate")
        at.desk.prompt.focus()
        await at.sees("Say something to the model")
        await at.ask()
        await at.play(2)
        await at.press(key)
        await at.sees("PLAY: the keys turn the dials · i to type")
        if key == "space":
            at.studio.metronome.tick(1)
            await at.until(lambda: at.word == "paused")
            await at.press(key)
        at.studio.metronome.tick(1000)
        await at.until(lambda: at.desk.link.state.running is None)
        await at.pilot.pause(0.2)
        scale = at.desk.mixer_panel.board.channel.scale
        await at.press("right_square_bracket")
        assert (at.desk.mode, at.desk.prompt.text) == ("PLAY", "")
        # Of a flipped strip `]` is a step down.
        assert abs(at.desk.mixer_panel.board.channel.scale - scale) == pytest.approx(0.05)
        await at.press("i", "f")
        assert at.desk.prompt.text == "f"


@pytest.mark.parametrize("used", ["focus", "click"])
async def test_a_panel_used_in_the_answer_keeps_play(used: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_modes, "LINGER_S", 0.01)
    async with stage() as at:
        await at.add("pirate")
        at.desk.prompt.focus()
        await at.ask()
        await at.play(2)
        if used == "focus":
            at.desk.mixer_panel.bank.focus()
        else:
            await at.pilot.click("#strips", offset=(3, 0))
        at.studio.metronome.tick(1000)
        await at.until(lambda: at.desk.link.state.running is None)
        await at.pilot.pause(0.2)
        await at.press("f")
        assert (at.desk.mode, at.desk.prompt.text) == ("PLAY", "")


async def test_a_new_session_begins_at_the_prompt() -> None:
    async with stage() as at:
        await at.add("pirate")
        assert at.desk.mode == "PLAY"
        await at.press("ctrl+n", *"mute")
        assert at.desk.prompt.text == "mute"
        assert not at.desk.mixer_panel.board.mixer.channels[0].muted


async def test_a_key_after_the_answer_keeps_play(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_modes, "LINGER_S", 3600.0)
    async with stage() as at:
        await at.add("pirate")
        at.desk.prompt.focus()
        await at.ask()
        at.studio.metronome.tick(1000)
        await at.until(lambda: at.desk.link.state.running is None)
        await at.press("f")
        at.desk.return_to_type()
        assert at.desk.mode == "PLAY"


async def test_somebody_who_types_is_left_alone() -> None:
    async with stage() as at:
        await at.ready()
        at.desk.prompt.insert("first")
        at.desk.prompt.action_send()
        at.desk.prompt.insert("flip")
        await at.until(lambda: at.word == "generating")
        assert at.desk.mode == "TYPE"
        assert at.desk.prompt.text == "flip"


async def test_an_unbound_letter_points_to_the_map() -> None:
    async with stage() as at:
        await at.ready()
        await at.press("tab", "q")
        assert any("? shows the map" in toast for toast in at.toasts)


async def test_bypass_mute_solo_and_the_status_line() -> None:
    async with stage() as at:
        await at.add("pirate")
        await at.press("x", "m", "s")
        mixer = at.desk.mixer_panel.board.mixer
        assert (mixer.bypassed, mixer.channels[0].muted, mixer.channels[0].solo) == (True, True, True)
        await at.until(lambda: "BYPASS" in at.drawn()[0])


async def test_a_refused_mixer_springs_back() -> None:
    async with stage() as at:
        await at.add("pirate")
        await at.press("equals_sign")
        await at.press(*"500", "enter")
        await at.until(lambda: any("too loud" in toast for toast in at.toasts))
        assert at.desk.mixer_panel.board.channel.scale == 0.3


async def test_a_missing_vector_is_told() -> None:
    async with stage() as at:
        await at.ready()
        await at.press("tab", "a", *"missing", "enter")
        await at.until(lambda: any("no vector 'missing'" in toast for toast in at.toasts))
        assert not at.desk.mixer_panel.board.mixer.channels


async def test_distractor_in_mid_answer() -> None:
    async with stage() as at:
        await at.ask()
        await at.play(3)
        await at.press("d", "enter", "down", "enter")
        at.studio.metronome.tick(1)
        await at.until(lambda: any("DISTRACTOR as the model's own words" in m.text for m in at.markers))


async def test_redo_draws_the_branch_from_its_root() -> None:
    async with stage(Studio(words("short answer"))) as at:
        at.studio.loaded.set()
        await at.ask("one")
        at.studio.metronome.tick(2)
        await at.ready()
        await at.press("tab", "r")
        assert any("v and V compare the branches" in toast for toast in at.toasts)
        await at.until(lambda: at.word == "generating")
        await at.play(1)
        rows = [line.gutter + line.text for line in at.desk.transcript.sheet.lines if line.text]
        assert rows == ["you  one", "asst short"]
