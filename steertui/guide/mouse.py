"""Keys and gestures that belong to a widget and not to a screen: what no list of commands can know."""

from __future__ import annotations

from steertui.commands import BOTH, PLAY, REPLAY

OTHER_KEYS: dict[str, tuple[str, tuple[tuple[str, str], ...]]] = {
    "prompt": (
        BOTH,
        (
            ("enter", "Send"),
            ("ctrl+j", "New line"),
            ("↑ ↓", "Earlier and later prompts; the examples come first"),
            ("tab", "To the transcript, the bank and back (outside the prompt the keys PLAY)"),
        ),
    ),
    "transcript": (
        BOTH,
        (
            ("↑ ↓ PgUp PgDn", "Scroll; at the end it follows again"),
            ("mouse", "Drag selects, ctrl+c copies (with shift the terminal selects)"),
        ),
    ),
    "strips": (
        PLAY,
        (
            ("1 – 9", "Select a strip"),
            (
                "mouse",
                "Click selects, drag on the bar and wheel turn the dial; the bank is painted by dragging",
            ),
        ),
    ),
    "timeline": (REPLAY, (("mouse", "A click goes to that token"),)),
}
"""By name: the place they are shown with, and the rows."""
