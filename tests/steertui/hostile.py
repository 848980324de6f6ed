"""Texts that would speak to a terminal, and a check that a text does not."""

from __future__ import annotations

import unicodedata

HOSTILE = {
    "clipboard": "\x1b]52;c;aGFoYQ==\x07",
    "title": "\x1b]0;owned\x1b\\",
    "clear": "\x1b[2J\x1b[H",
    "c1": "\x9b2J\x85\x90",
    "delete": "a\x7fb\x08c",
    "carriage": "good\rbad",
    "bidi": "user\u202egnp.exe\u2066\u200f",
    "separators": "a\u2028b\u2029c",
    "surrogate": "\ud800x",
    "tags": "hi\U000e0041\U000e0042\U000e007f",
    "zero_width": "a\u200bb\u200dc\ufeffd\u00ade",
    "zalgo": "Z" + "\u0301" * 500,
    "naked_mark": "\u0301x",
    "noncharacter": "\uffff\U0001ffff",
    "nul": "\x00",
}
EVERY_HOSTILE = " ".join(HOSTILE.values())


def talks_to_terminal(text: str) -> bool:
    return any(
        unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp", "Cn") and char != "\n" for char in text
    )
