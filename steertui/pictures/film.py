"""An animation in one SVG file without scripts: the frames lie below each other and CSS moves past them.

Equal rows are stored once, since a terminal changes little from frame to frame.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from steertui.pictures.drawing import HIGH, Drawing, Screen, framed

REST_S = 4.0
"""Seconds the last frame is shown before the animation restarts."""


@dataclass(frozen=True)
class Frame:
    """A screen and the seconds it is shown."""

    screen: Screen
    seconds: float


def moving(frames: Sequence[Frame]) -> str:
    drawing, rows = Drawing(), dict[str, str]()
    pictures = [_picture(frame.screen, drawing, rows) for frame in frames]
    height = HIGH * len(frames[0].screen)
    reel = "".join(
        f'<g transform="translate(0 {height * place:.0f})">{picture}</g>'
        for place, picture in enumerate(pictures)
    )
    kept = "".join(f'<g id="{name}">{drawn}</g>' for drawn, name in rows.items())
    head = f"{drawing.sheet()}<style>{_motion(frames, height)}</style><defs>{kept}</defs>"
    return framed(frames[0].screen, head, f'<g class="reel">{reel}</g>')


def _picture(screen: Screen, drawing: Drawing, rows: dict[str, str]) -> str:
    used = []
    for y, strip in enumerate(screen):
        if drawn := drawing.row(strip):
            name = rows.setdefault(drawn, f"r{len(rows)}")
            used.append(f'<use xlink:href="#{name}" y="{HIGH * y:.0f}"/>')
    return "".join(used)


def _motion(frames: Sequence[Frame], height: float) -> str:
    """CSS that shows each frame until the time of the next one."""
    whole, passed, stops = sum(frame.seconds for frame in frames) + REST_S, 0.0, []
    for place, frame in enumerate(frames):
        stops.append(f"{100 * passed / whole:.2f}%{{transform:translateY(-{height * place:.0f}px)}}")
        passed += frame.seconds
    stops.append(f"100%{{transform:translateY(-{height * (len(frames) - 1):.0f}px)}}")
    return f".reel{{animation:reel {whole:.1f}s steps(1,end) infinite}}@keyframes reel{{{''.join(stops)}}}"
