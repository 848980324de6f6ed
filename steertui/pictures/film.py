"""An animation in one SVG file without scripts: the frames lie below each other and CSS moves past them.

Equal rows are stored once, since a terminal changes little from frame to frame.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from steertui.pictures.drawing import HIGH, Screen, SvgDrawing, framed_svg

REST_S = 4.0
"""Seconds the last frame is shown before the animation restarts."""


@dataclass(frozen=True)
class PictureFrame:
    """A screen and the seconds it is shown."""

    screen: Screen
    seconds: float


def animated_svg(frames: Sequence[PictureFrame]) -> str:
    drawing, rows = SvgDrawing(), dict[str, str]()
    pictures = [_frame_rows(frame.screen, drawing, rows) for frame in frames]
    height = HIGH * len(frames[0].screen)
    reel = "".join(
        f'<g transform="translate(0 {height * place:.0f})">{picture}</g>'
        for place, picture in enumerate(pictures)
    )
    kept = "".join(f'<g id="{name}">{drawn}</g>' for drawn, name in rows.items())
    head = f"{drawing.sheet()}<style>{_animation_rules(frames, height)}</style><defs>{kept}</defs>"
    return framed_svg(frames[0].screen, head, f'<g class="reel">{reel}</g>')


def _frame_rows(screen: Screen, drawing: SvgDrawing, rows: dict[str, str]) -> str:
    used = []
    for y, strip in enumerate(screen):
        if drawn := drawing.row(strip):
            # A row that occurred before, in any frame, is only referred to.
            name = rows.setdefault(drawn, f"r{len(rows)}")
            used.append(f'<use xlink:href="#{name}" y="{HIGH * y:.0f}"/>')
    return "".join(used)


def _animation_rules(frames: Sequence[PictureFrame], height: float) -> str:
    """CSS that shows each frame until the time of the next one."""
    whole, passed, stops = sum(frame.seconds for frame in frames) + REST_S, 0.0, []
    for place, frame in enumerate(frames):
        stops.append(f"{100 * passed / whole:.2f}%{{transform:translateY(-{height * place:.0f}px)}}")
        passed += frame.seconds
    stops.append(f"100%{{transform:translateY(-{height * (len(frames) - 1):.0f}px)}}")
    # steps(1,end) holds each position until the next one, so the frames do not slide.
    return f".reel{{animation:reel {whole:.1f}s steps(1,end) infinite}}@keyframes reel{{{''.join(stops)}}}"
