"""`--ascii`: replaces every non-ASCII character of the interface by an ASCII one of the same width.

It filters finished lines, so it covers every widget, Textual's own included. Letters are left alone:
the model's text is not changed.
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
    """An ASCII character as dense as a braille pattern of eight dots."""
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


class AsciiFilter(LineFilter):
    """Replaces character by character, so the layout does not move."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        return [
            Segment(text if text.isascii() else text.translate(TABLE), style, control)
            for text, style, control in segments
        ]


class AsciiScrollBar(ScrollBarRender):
    """A scrollbar without partial blocks at its ends, which would read as text in ASCII."""

    VERTICAL_BARS = HORIZONTAL_BARS = [" "] * 8


def set_scrollbars(*, ascii: bool) -> None:  # noqa: A002
    """Choose how every scrollbar is drawn from now on."""
    ScrollBar.renderer = AsciiScrollBar if ascii else ScrollBarRender
