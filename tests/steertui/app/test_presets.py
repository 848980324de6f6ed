"""Whole mixers by name: the file that --mix takes, with vectors known by their hash."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from textual.widgets import OptionList

from core.errors import BadInput, UsageError
from core.mixer.mixer import Channel, Mixer
from sessions.state.vector_facts import VectorFacts
from steertui import mixers
from steertui.mixer_options import load_saved_mixer
from steertui.screens.pick import ChoiceDialog
from tests.steertui.app.stage import Stage, stage
from tests.steertui.hostile import EVERY_HOSTILE, talks_to_terminal

pytestmark = pytest.mark.anyio

AXIS = VectorFacts("axis", "a" * 64, dict.fromkeys(range(10)))
MIXER = Mixer((Channel(AXIS, scale=0.3, layers=(3, 4), floor="p25", flipped=True),), keep_norm=True)


def test_what_is_saved_is_what_mix_reads() -> None:
    path = mixers.save("night shift", MIXER, {"axis": "/v/axis.gguf"})
    assert load_saved_mixer(path, lambda name: AXIS).to_json() == MIXER.to_json()
    assert mixers.read(path)["channels"][0]["source"] == "/v/axis.gguf"
    assert mixers.find("night shift") == path
    (listed,) = mixers.list_mixers()
    assert (listed.name, listed.problem) == ("night shift", "")
    assert listed.words.startswith("axis -0.3 relative L3–4 ceiling -p25 flip")
    mixers.remove("night shift")
    assert mixers.list_mixers() == []


@pytest.mark.parametrize("name", ["", "../x", "a/b", "x" * 99, "\x1b[2J", ".hidden"])
def test_a_name_that_could_be_a_path_is_refused(name: str) -> None:
    with pytest.raises(UsageError):
        mixers.save(name, MIXER, {})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"channels": [1]}',
        '{"channels": [{"name": 3}]}',
        '{"channels": [{"name": "x", "scale": "loud"}]}',
        '{"channels": [{"name": "x", "sha256": "../../etc"}]}',
        '{"channels": [{"name": "x", "unit": "furlong"}]}',
        "[" * 100_000,
    ],
)
def test_a_file_that_is_no_mixer_is_one_sentence_and_listed_with_it(text: str) -> None:
    path = mixers.mixer_folder() / "odd.json"
    path.write_text(text, "utf-8")
    with pytest.raises(BadInput, match=r"odd\.json"):
        mixers.read(path)
    (listed,) = mixers.list_mixers()
    assert "odd.json" in listed.problem


async def opened(at: Stage) -> None:
    await at.press("f9")
    await at.until(lambda: isinstance(at.pilot.app.screen, ChoiceDialog))


async def saved(at: Stage, name: str) -> None:
    await opened(at)
    await at.press(*"save", "enter", *name, "enter")
    await at.until(lambda: not isinstance(at.pilot.app.screen, ChoiceDialog))


def desk_state(at: Stage) -> list[dict[str, object]]:
    return list(at.desk.link.state.mixer.state.get("channels", []))


async def test_save_change_load_and_undo() -> None:
    async with stage() as at:
        await at.add("pirate")
        await at.press("f")
        await saved(at, "mine")
        before = at.desk.mixer_panel.board.mixer
        await at.press("delete")
        assert not at.desk.mixer_panel.board.mixer.channels
        await opened(at)
        await at.sees("mine", "pirate -0.3")
        await at.press(*"mine", "enter")
        await at.until(lambda: at.desk.mixer_panel.board.mixer.channels)
        assert at.desk.mixer_panel.board.mixer.to_json() == before.to_json()
        await at.until(lambda: desk_state(at))
        assert desk_state(at)[0]["flipped"] is True
        await at.press("z")
        assert not at.desk.mixer_panel.board.mixer.channels


async def test_another_session_loads_the_vectors_by_their_hash() -> None:
    async with stage() as at:
        await at.add("pirate")
        await saved(at, "mine")
    async with stage() as at:
        await at.ready()
        await opened(at)
        await at.press("enter")
        await at.until(lambda: desk_state(at))
        assert [channel["name"] for channel in desk_state(at)] == ["pirate"]


@pytest.mark.parametrize(
    ("name", "sha", "said"),
    [
        ("missing", "f" * 64, "cannot load vector 'missing' of this mixer: there is no vector 'missing'"),
        ("pirate", "f" * 64, "vector 'pirate' is not the one this mixer was saved with"),
    ],
)
async def test_a_vector_that_cannot_be_had_leaves_the_desk_as_it_was(name: str, sha: str, said: str) -> None:
    mixers.save("old", Mixer((Channel(VectorFacts(name, sha, dict.fromkeys(range(10))), scale=0.3),)), {})
    async with stage() as at:
        await at.add("determined-drifting")
        before = at.desk.mixer_panel.board.mixer
        await opened(at)
        await at.press(*"old", "enter")
        await at.until(lambda: any(said in toast for toast in at.toasts))
        assert at.desk.mixer_panel.board.mixer == before


async def test_a_name_that_is_taken_asks_for_an_exclamation_mark() -> None:
    async with stage() as at:
        await at.add("pirate")
        await saved(at, "mine")
        await at.press("f")
        await opened(at)
        await at.press(*"save", "enter", *"mine", "enter")
        await at.sees("mine! replaces it")
        await at.press("!", "enter")
        await at.until(lambda: mixers.read(mixers.find("mine"))["channels"][0]["flipped"])


async def test_a_name_that_nothing_has_is_offered_to_save_under() -> None:
    async with stage() as at:
        await at.ready()
        await opened(at)
        await at.press(*"mine")
        assert at.pilot.app.screen.query_one(OptionList).option_count == 0, (
            "an empty desk is not worth a name"
        )
        await at.press("escape")
        await at.add("pirate")
        await opened(at)
        await at.press(*"odd.json")
        assert at.pilot.app.screen.query_one(OptionList).option_count == 0, "a file to load"
        await at.press("ctrl+u", *"-mine")
        await at.sees("save this mixer as -mine")
        await at.press("enter")
        await at.until(lambda: [each.name for each in mixers.list_mixers()] == ["-mine"])


async def test_a_name_that_begins_with_a_dash_is_loaded_like_any_other() -> None:
    async with stage() as at:
        await at.add("pirate")
        await saved(at, "-mine")
        await saved(at, "mine")
        await at.press("f")
        await opened(at)
        await at.press(*"-mine", "enter")
        await at.until(lambda: not at.desk.mixer_panel.board.channel.flipped)
        assert [each.name for each in mixers.list_mixers()] == ["-mine", "mine"]


async def test_delete_asks_nothing_and_says_so() -> None:
    async with stage() as at:
        await at.add("pirate")
        await saved(at, "mine")
        await opened(at)
        await at.press(*"mine", "delete")
        await at.until(lambda: not mixers.list_mixers())
        await at.sees("save this mixer as")


async def test_hostile_files_are_only_drawn(tmp_path: Path) -> None:
    state = MIXER.to_json()
    state["channels"][0]["name"] = EVERY_HOSTILE
    (mixers.mixer_folder() / "odd.json").write_text(json.dumps(state), "utf-8")
    async with stage() as at:
        await at.ready()
        await opened(at)
        await at.pilot.pause()
        assert not talks_to_terminal("\n".join(at.drawn()))
        await at.press(*"odd", "enter")
        await at.pilot.pause()
        await at.pilot.pause()
        assert not talks_to_terminal("\n".join(at.drawn()))


async def test_a_line_is_played_copied_and_given_back_when_it_is_wrong() -> None:
    async with stage() as at:
        at.desk.prompt.load_text("/mix 0.5 unit drifting@3-4 - 0.2 relative pirate[muted]")
        at.desk.prompt.action_send()
        await at.until(lambda: len(desk_state(at)) == 2)
        assert [channel["scale"] for channel in desk_state(at)] == [-0.5, -0.2]
        line = "-0.5 unit determined-drifting@3-4 - 0.2 relative pirate[muted]"
        assert str(at.desk.mixer_panel.board.mixer) == line
        assert at.desk.link.state.mixer.expression == line
        copied: list[str] = []
        at.pilot.app.copy_to_clipboard = copied.append  # type: ignore[method-assign]
        at.desk.enter_play()
        await at.press("Y")
        at.desk.mixer_panel.bank.focus()
        await at.press("y")
        assert copied == [line, line]
        at.desk.enter_type()
        at.desk.prompt.load_text("/mix 0.5 pirate [angle=3deg]")
        at.desk.prompt.action_send()
        await at.until(lambda: any("column 13, “angle”" in toast for toast in at.toasts))
        assert at.desk.prompt.text == "/mix 0.5 pirate [angle=3deg]"
        assert str(at.desk.mixer_panel.board.mixer) == line
