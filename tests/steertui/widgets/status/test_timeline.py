"""The timeline and its playhead: places and cells, time and frames."""

from __future__ import annotations

import pytest
from textual.app import App, ComposeResult

from sessions.recorded.film import Playback, PlaybackFrame, PlaybackMarker
from sessions.state.state import AnswerToken
from steertui.screens.sessions.playhead import Playhead
from steertui.widgets.status.timeline import NAME, VALUE, Timeline

GAPS = (0.1, 0.1, 0.5, 0.1)


def test_time_buys_frames_at_their_price() -> None:
    head = Playhead(GAPS, playing=True)
    assert head.after(0.05).place == 0
    assert head.after(0.05).after(0.06).place == 1
    assert head.after(0.25).place == 2
    assert head.after(0.25).after(0.4).place == 2


def test_a_fast_film_buys_more_and_stops_at_its_end() -> None:
    fast = Playhead(GAPS, playing=True).faster()
    assert (fast.speed, fast.after(0.1).place) == (4, 2)
    done = fast.faster().after(60)
    assert (done.place, done.playing, done.at_end) == (4, False, True)
    assert fast.faster().faster().speed == 1


def test_nothing_moves_while_it_is_paused() -> None:
    assert Playhead(GAPS).after(60) == Playhead(GAPS)


def test_play_at_the_end_begins_again_and_a_film_of_nothing_never_plays() -> None:
    assert Playhead(GAPS).seek(99).toggled() == Playhead(GAPS, 0, playing=True)
    assert not Playhead().toggled().playing


def tape(tokens: int, cuts: tuple[PlaybackMarker, ...] = ()) -> Playback:
    frames = tuple(
        PlaybackFrame(1, at, AnswerToken(at, f"w{at} ", proj={"calm": float(at)})) for at in range(tokens)
    )
    half = tokens // 2
    return Playback(frames=frames, markers=cuts, scales={"calm": (0.5,) * half + (-0.5,) * (tokens - half)})


class Alone(App[None]):
    """A timeline and nothing else."""

    sought: list[int]

    def compose(self) -> ComposeResult:
        self.sought = []
        yield Timeline()

    def on_timeline_sought(self, message: Timeline.Sought) -> None:
        self.sought.append(message.place)


ROOM = 40


def rows(app: App[None]) -> list[str]:
    return [strip.text for strip in app.screen._compositor.render_strips()]


@pytest.mark.anyio
@pytest.mark.parametrize("tokens", [4, 40, 1000])
async def test_a_dial_a_projection_the_changes_and_the_place(tokens: int) -> None:
    app = Alone()
    async with app.run_test(size=(NAME + ROOM + VALUE, 5)) as pilot:
        timeline = app.query_one(Timeline)
        timeline.show(tape(tokens, (PlaybackMarker(tokens // 2, "FLIP"),)), tokens // 2, "calm")
        await pilot.pause()
        dial, projection, changes, token, _ = (row[NAME : NAME + ROOM] for row in rows(app))
        half = ROOM // 2
        assert dial == "█" * half + "▁" * half
        assert projection[0] == "▁"
        assert projection[-1] == "█"
        assert changes.index("◆") == token.index("▲") == half
        assert rows(app)[0].split()[-1] == "+0.50"
        assert rows(app)[3].split()[-1] == f"{tokens // 2}/{tokens}"
        await pilot.click(Timeline, offset=(NAME + 10, 0))
        assert app.sought == [tokens // 4]


@pytest.mark.anyio
async def test_a_session_without_an_answer_says_so() -> None:
    app = Alone()
    async with app.run_test(size=(60, 5)):
        assert "no answer was recorded here" in rows(app)[0]
