"""Keys and mouse gestures that belong to a widget, and so are not in the command registry."""

from __future__ import annotations

from steertui.commands import BOTH, PLAY, REPLAY

OTHER_KEYS: dict[str, tuple[str, tuple[tuple[str, str], ...]]] = {
    "prompt": (
        BOTH,
        (
            ("enter", "Send"),
            ("ctrl+j", "New line"),
            ("↑ ↓", "Earlier and later prompts; the examples come first"),
            ("tab", "To the transcript, the bank and back (outside the prompt: PLAY mode)"),
        ),
    ),
    "transcript": (
        BOTH,
        (
            ("↑ ↓ PgUp PgDn", "Scroll; at the end it follows new text"),
            ("mouse", "Drag selects, ctrl+c copies (with shift the terminal selects)"),
        ),
    ),
    "strips": (
        PLAY,
        (
            ("1 – 9", "Select a strip"),
            (
                "mouse",
                "Click selects; dragging the bar or the wheel changes the scale; drag draws in the bank",
            ),
        ),
    ),
    "timeline": (REPLAY, (("mouse", "A click goes to that token"),)),
}
"""By widget: the place whose help lists them, and (keys, description) rows."""
