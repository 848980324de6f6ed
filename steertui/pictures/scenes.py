"""The guide's pictures as key presses: one scene per screenshot, and the animation of a first steered
answer.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence

from textual.strip import Strip

from steertui.pictures.camera import ScreenRecorder
from steertui.pictures.film import PictureFrame
from steertui.screens.jobs.screen import JobsScreen
from steertui.screens.sessions.replay import ReplayScreen

Picture = Sequence[Strip]
FLIP_AT = 6
WIDE, MEDIUM = (132, 34), (104, 28)


async def _load_vector(on: ScreenRecorder, name: str = "determined-drifting") -> None:
    await on.press("tab", "a")
    await on.type_text(name)
    await on.press("enter")
    await on.wait_until(lambda: on.desk.mixer_panel.board.mixer.channels)
    await on.wait(0.5)


async def _set_slow_rate(on: ScreenRecorder) -> None:
    """Set eight tokens a second, so that key presses hit the same token every time."""
    on.desk.transcript.focus()
    await on.press("t", "i")


async def _ask_question(on: ScreenRecorder, *ups: str) -> None:
    await on.press("i", *(ups or ("up",)))
    await on.send_prompt()


async def desk_scene(on: ScreenRecorder) -> Picture:
    """The same question three times: plain, steered by a vector, and with the vector flipped during the
    answer.
    """
    await _set_slow_rate(on)
    await _ask_question(on)
    await on.wait_until_idle()
    await _load_vector(on)
    await _ask_question(on)
    await on.wait_until_idle()
    await _ask_question(on)
    await on.wait_until(lambda: on.token_count >= FLIP_AT)
    await on.press("space", "f", "space")
    await on.wait_until_idle()
    on.desk.transcript.focus()
    await on.press("h")
    await on.wait(0.5)
    return on.take_screenshot()


async def capping_scene(on: ScreenRecorder) -> Picture:
    await _load_vector(on)
    await on.press("C")
    await on.wait(0.5)
    await on.type_text(">p50")
    await on.wait(0.8)
    return on.take_screenshot()


async def distractors_scene(on: ScreenRecorder) -> Picture:
    await _set_slow_rate(on)
    await _ask_question(on)
    await on.wait_until(lambda: on.token_count >= FLIP_AT)
    await on.press("space", "d")
    await on.wait(0.5)
    await on.press("enter")
    await on.wait(0.3)
    await on.press("enter")
    await on.wait(0.3)
    await on.press("space")
    await on.wait_until_idle()
    return on.take_screenshot()


async def jobs_scene(on: ScreenRecorder) -> Picture:
    """A check of a vector, with its curve."""
    await on.press("f3", "n")
    await on.wait(0.5)
    await on.type_text("check")
    await on.press("enter")
    await on.wait(0.5)
    await on.type_text("determined-drifting")
    await on.press("enter")
    await on.wait_until(lambda: isinstance(on.pilot.app.screen, JobsScreen))
    await on.wait_until(lambda: any(job.state == "done" for job in on.desk.link.state.jobs.values()))
    await on.press("right")
    await on.wait(1.0)
    return on.take_screenshot()


async def replay_scene(on: ScreenRecorder) -> Picture:
    await desk_scene(on)
    await on.press("f5")
    await on.wait(1.0)
    await on.press("p")
    await on.wait_until(lambda: isinstance(on.pilot.app.screen, ReplayScreen))
    await on.wait(0.5)
    await on.press("full_stop", "full_stop", "full_stop")
    await on.press(*["right"] * 8)
    await on.wait(0.5)
    return on.take_screenshot()


async def first_answer_scene(on: ScreenRecorder) -> Sequence[PictureFrame]:
    """From the first page to a flip, following the hints above the prompt."""
    await _set_slow_rate(on)
    on.start_recording()
    await on.wait(1.5)
    await on.press("up", every=0.8)
    await on.send_prompt()
    await on.wait_until_idle()
    await on.press("tab", every=0.6)
    await on.press("a", every=0.8)
    await on.press("enter", every=0.8)
    await on.press("i", every=0.4)
    await on.press("up", every=0.6)
    await on.send_prompt()
    await on.wait_until(lambda: on.token_count >= FLIP_AT)
    await on.press("f", every=0.2)
    await on.wait_until_idle()
    await on.wait(2.0)
    return on.stop_recording()


STILLS: Mapping[str, tuple[tuple[int, int], Callable[[ScreenRecorder], Awaitable[Picture]]]] = {
    "desk": (WIDE, desk_scene),
    "capping": (MEDIUM, capping_scene),
    "distractors": (MEDIUM, distractors_scene),
    "jobs": ((140, 36), jobs_scene),
    "replay": (MEDIUM, replay_scene),
}
FILM = "first-answer", MEDIUM, first_answer_scene
