"""`--ascii`: every character of the interface that is not plain has a plain one of the same width.

A filter over finished lines, so that no widget, Textual's own included, can forget it. Letters stay what they are: how
a model writes is not ours to spell.
"""

from __future__ import annotations

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter
from textual.scrollbar import ScrollBar, ScrollBarRender

from steertui.widgets.glyphs import ASCII, UNICODE

_WORDS = {
    "…→←↑↓↔⇄⇧↵⌫⏎": "~><^v=F^<<<",
    "−–—±×÷≥≤≠≈∞√": "---~x/><!~8V",
    "·•◦∙●○◉◌◆◇■□▪▫": "..o.*oOo*o#o..",
    "▶▷▸▹►◀◁◂◄▲△▴▼▽▾": ">>>>><<<<^^^vvv",
    "✓✔✗✘✕⚠⟨⟩⟦⟧‖Σασδμ²³°": "++xxx!<>[]|Sazdm23o",
    "“”„‘’‚«»‹›": '"""\'\',""<>',
    "₀₁₂₃ₖ¹": "0123k1",
    "Δ✹": "D*",
    "�¶§": "?||",
}
_FRAMES = {
    "─╌┄┈━╍┅┉═╴╶╸╺╼╾": "-" * 15,
    "│┆┊┃┇┋║╎╏╵╷╹╻╽╿": "|" * 15,
    "╭╮╰╯┌┐└┘├┤┬┴┼┏┓┗┛┣┫┳┻╋╔╗╚╝╠╣╦╩╬": "+" * 31,
    "╱╲╳⎺⎻⎼⎽⎸⎹▏▕▎▊▋▍▉": "/\\X----||||||||||"[:16],
    "▌▐▀▔▖▗▘▝▚▞▙▟▛▜🮂🮃🮄🮅🮆🮇🮈🮉🮊🮋": "|| -" + ".." + "''" + "\\/" + "####" + "-" * 5 + "|" * 5,
    "░▒▓█": ".:%#",
}
_EIGHTHS = dict(zip(UNICODE.eighths, ASCII.eighths, strict=True))


def _braille(dots: int) -> str:
    """A pattern of eight dots by how dark it is."""
    return " .:-=+*%#"[dots.bit_count()]


TABLE = str.maketrans(
    _EIGHTHS
    | {
        each: plain
        for many in (_WORDS, _FRAMES)
        for key, to in many.items()
        for each, plain in zip(key, to, strict=True)
    }
    | {chr(0x2800 + dots): _braille(dots) for dots in range(256)}
    | {chr(0x2400 + code): "?" for code in range(0x40)}
)


class Ascii(LineFilter):
    """Character for character, so that nothing moves."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        return [
            Segment(text if text.isascii() else text.translate(TABLE), style, control)
            for text, style, control in segments
        ]


class WholeCells(ScrollBarRender):
    """A scrollbar whose ends are no characters, which in plain ones would read as text."""

    VERTICAL_BARS = HORIZONTAL_BARS = [" "] * 8


def scrollbars(*, ascii: bool) -> None:  # noqa: A002
    """How every scrollbar is drawn from here on."""
    ScrollBar.renderer = WholeCells if ascii else ScrollBarRender
