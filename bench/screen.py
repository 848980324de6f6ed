"""The screen: when it first shows something, what a token costs the transcript as an answer grows, and what a redraw
of the fader bank costs. The first frame is wall time from the start of the process, in a pseudo-terminal."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Callable
from statistics import median
from typing import Any

from textual.app import App, ComposeResult
from textual.pilot import Pilot

from bench.arms import Check, Setting
from bench.terminal import Terminal, app, home
from core.mixer.mixer import Channel
from sessions.state.vector_facts import VectorFacts
from steertui.colour_themes import NIGHT
from steertui.widgets.mixer.bank import FaderBank
from steertui.widgets.transcript.document import Item, TextPiece, TranscriptTurn
from steertui.widgets.transcript.view import Transcript

LAYERS, DRAWS = 80, 50
FRAME, FRAMES = 4, 50
"""Four tokens to a frame: 120 a second at 30 frames."""
SHORT, LONG = 2_000, 10_000
FIRST = "first frame"
AT_MOST = {
    FIRST: 500_000.0,
    f"token at {SHORT}": 1200.0,
    f"token at {LONG}": None,
    f"bank of {LAYERS} redrawn": 6000.0,
}
FLAT = 1.5


class Page(App[None]):
    """A transcript in heat beside a bank, in our own colours, and nothing else."""

    CSS = (
        "\n".join(
            f"{owner.__name__} > .{part} {{ color: $foreground; }}"
            for owner in (Transcript, FaderBank)
            for part in sorted(owner.COMPONENT_CLASSES)
        )
        + "FaderBank { height: 13; }"
    )

    def on_load(self) -> None:
        self.register_theme(NIGHT)
        self.theme = NIGHT.name

    def compose(self) -> ComposeResult:
        yield Transcript(id="transcript")
        yield FaderBank(id="bank")


def bench(setting: Setting) -> dict[str, Any]:
    found: dict[str, list[float]] = {name: [] for name in AT_MOST}
    flat = []
    for _ in range(setting.repetitions):
        lap = {FIRST: _first_frame(), **asyncio.run(_lap())}
        for name, microseconds in lap.items():
            found[name].append(microseconds)
        flat.append(lap[f"token at {LONG}"] / lap[f"token at {SHORT}"])
    checks = [Check(f"a token at {LONG} / at {SHORT}", median(flat), FLAT), asyncio.run(_drawn())]
    return {
        "model": f"none; a page of 140 × 40, {FRAME} tokens to a frame",
        "times": [
            {"name": name, "median": median(x), "low": min(x), "high": max(x), "at_most": AT_MOST[name]}
            for name, x in found.items()
        ],
        "goals": [],
        "checks": [check.to_json() for check in checks],
    }


def _first_frame() -> float:
    """Until the title of the transcript stands on the terminal, in a home without an engine."""
    with home() as env:
        terminal = Terminal(app(), (140, 40), env)
        try:
            seconds = terminal.wait("transcript")
            terminal.wait("IDLE")  # an engine that is only starting could not be stopped afterwards
            return 1e6 * seconds
        finally:
            terminal.close()


async def _lap() -> dict[str, float]:
    app, lap = Page(), {}
    # The app knows no torch and freezes what its start has made; here torch's objects would be walked with ours.
    gc.collect()
    gc.freeze()
    async with app.run_test(size=(140, 40)) as pilot:
        transcript, bank = app.query_one(Transcript), app.query_one(FaderBank)
        transcript.extend([TranscriptTurn("asst")])
        transcript.next_heat(["pirate"], 0)
        said = 0
        for length in (SHORT, LONG):
            transcript.extend(_said(said, length))
            await pilot.pause()
            written = await _microseconds(
                pilot, FRAMES, lambda n, at=length: _write(transcript, at + FRAME * n)
            )
            lap[f"token at {length}"] = written / FRAME
            said = length + FRAME * FRAMES
        lap[f"bank of {LAYERS} redrawn"] = await _microseconds(pilot, DRAWS, lambda n: _draw(bank, n))
    return lap


async def _microseconds(pilot: Pilot[None], times: int, act: Callable[[int], None]) -> float:
    """CPU time of a frame, its painting included."""
    began = time.process_time()
    for number in range(times):
        act(number)
        await pilot.pause()
    return (time.process_time() - began) / times * 1e6


def _said(start: int, stop: int) -> list[Item]:
    return [TextPiece(f" word{index}", index) for index in range(start, stop)]


def _write(transcript: Transcript, at: int) -> None:
    """A frame's worth of tokens, and the projections of the one before."""
    transcript.extend(_said(at, at + FRAME))
    for index in range(at - 1, at + FRAME - 1):
        transcript.tint.readings["pirate"].add(float(index % 7))
        transcript.set_projections(index, {"pirate": float(index % 7)})


def _draw(bank: FaderBank, number: int) -> None:
    vector = VectorFacts("pirate", None, dict.fromkeys(range(LAYERS)))
    channel = Channel(vector, scale=0.01 * (number + 1), layers=tuple(range(10, 70)))
    bank.show(channel, LAYERS, dict.fromkeys(range(LAYERS), 20.0))


async def _drawn() -> Check:
    """Cells that a doubled scale does not change: a redraw that draws nothing would be fast."""
    app = Page()
    async with app.run_test(size=(140, 40)) as pilot:
        pages = []
        for number in (24, 49):
            _draw(app.query_one(FaderBank), number)
            app.query_one(FaderBank).reach = 1.0
            await pilot.pause()
            pages.append("".join(strip.text for strip in app.screen._compositor.render_strips()))
    changed = sum(one != other for one, other in zip(*pages, strict=True))
    return Check("cells a doubled scale has changed", changed, 60, at_least=True)
