"""Detects the abilities of the terminal, from the environment and by querying it.

All queries are sent together, and the last is one that every terminal answers, so no time is lost on
unanswered ones.
"""

from __future__ import annotations

import os
import re
import select
import shutil
import subprocess
import sys
import termios
import time
import tty
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.style import Style
from rich.text import Text
from textual.color import Color

from steertui import colour_themes
from steertui.widgets.glyphs import DEPTHS

PATIENCE_S = 1.5
WIDTHS = {"◆": 1, "漢": 2, "e\N{COMBINING ACUTE ACCENT}": 1, "🙂": 2}
"""Expected widths of these characters in cells."""
NAME_YOURSELF, SYNC, KITTY, CLIPBOARD = b"\x1b[c", b"\x1b[?2026$p", b"\x1b[?u", b"\x1bP+q4d73\x1b\\"
WHERE_AM_I = b"\x1b[6n"
ENVIRONMENT = ("TERM", "COLORTERM", "NO_COLOR", "TERM_PROGRAM", "LANG", "TEXTUAL_COLOR_SYSTEM")


def probe_terminal() -> dict[str, Any]:
    """All facts about the terminal for a bug report; None is unknown."""
    size = shutil.get_terminal_size()
    here = sys.stdin.isatty() and sys.stdout.isatty()
    return {
        "is_terminal": here,
        "columns": size.columns,
        "rows": size.lines,
        "encoding": sys.stdout.encoding,
        "colours": colour_count(),
        "tmux": _tmux_facts(),
        "ssh": "SSH_CONNECTION" in os.environ,
        **(parse_replies(query_terminal()) if here else parse_replies(b"")),
        **{name: os.environ.get(name) for name in ENVIRONMENT},
    }


def colour_count() -> int:
    """The number of colours the app would use."""
    if os.environ.get("NO_COLOR") is not None:
        return 0
    return DEPTHS.get(Console(force_terminal=True).color_system, 0)


def parse_replies(reply: bytes) -> dict[str, Any]:
    """Parse the terminal's replies."""
    named = re.search(rb"\x1b\[\?([\d;]*)c", reply)
    if not named:
        return dict.fromkeys(
            ("answers", "synchronized_output", "kitty_keyboard", "clipboard_osc52", "widths")
        )
    # 1 set, 2 reset, 3 always set; 0 (unknown) and 4 (always reset) mean that it cannot be used.
    sync = re.search(rb"\x1b\[\?2026;([123])\$y", reply)
    # Each character was printed at column 1, so the cursor column less one is its width.
    columns = [int(column) - 1 for column in re.findall(rb"\x1b\[\d+;(\d+)R", reply)]
    return {
        "answers": True,
        "synchronized_output": bool(sync),
        "kitty_keyboard": bool(re.search(rb"\x1b\[\?\d+u", reply)),
        # Attribute 52 or the terminfo entry Ms proves it; their absence proves nothing, hence None.
        "clipboard_osc52": b"52" in named[1].split(b";")
        or bool(re.search(rb"\x1bP1\+r4d73", reply, re.I))
        or None,
        "widths": dict(zip(WIDTHS, columns, strict=False)) or None,
    }


def query_terminal() -> bytes:
    """Send the queries and read replies until the last one has come."""
    # Every character is printed at the start of the line, which is erased afterwards.
    probes = b"".join(b"\r" + text.encode() + WHERE_AM_I for text in WIDTHS) + b"\r\x1b[K"
    source = sys.stdin.fileno()
    before = termios.tcgetattr(source)
    try:
        # Without echo and line buffering, so that replies are neither shown nor held back.
        tty.setcbreak(source)
        os.write(sys.stdout.fileno(), probes + SYNC + KITTY + CLIPBOARD + NAME_YOURSELF)
        return _read_replies(source)
    finally:
        # The flush discards late replies, which the shell would read as typed keys.
        termios.tcsetattr(source, termios.TCSAFLUSH, before)


def _read_replies(source: int) -> bytes:
    reply, limit = b"", time.monotonic() + PATIENCE_S
    while not re.search(rb"\x1b\[\?[\d;]*c", reply):
        left = limit - time.monotonic()
        # A terminal that does not answer must not block the command.
        if left <= 0 or not select.select([source], [], [], left)[0]:
            break
        reply += os.read(source, 4096)
    return reply


def find_problems(found: Mapping[str, Any]) -> list[str]:
    """Sentences about what looks wrong, each with a fix."""
    said = []
    if found["colours"] == 256 and not found["COLORTERM"]:
        said.append("COLORTERM is not set (ssh drops it): export COLORTERM=truecolor if your terminal can")
    if found["widths"] and found["widths"] != WIDTHS:
        odd = ", ".join(f"{text} {found['widths'].get(text)}" for text in WIDTHS)
        said.append(
            f"the terminal measures characters differently ({odd}): --ascii keeps the columns straight"
        )
    if "UTF-8" not in str(found["encoding"]).upper():
        said.append(
            f"the terminal speaks {found['encoding']}, not UTF-8: --ascii draws with plain characters"
        )
    if (tmux := found["tmux"]) and tmux["set_clipboard"] == "off":
        said.append("tmux does not pass the clipboard on: set -g set-clipboard on; y also writes a file")
    return said


def heat_gradient(width: int = 48) -> Text:
    """The heat scale as this terminal shows it, to see which steps look alike."""
    names = colour_themes.NIGHT.variables
    cool, warm, ground = map(
        Color.parse, (names["heat-cool"], names["heat-warm"], str(colour_themes.NIGHT.background))
    )
    text = Text()
    for step in range(width):
        share = step / (width - 1) * 2 - 1
        shade = ground.blend(cool if share < 0 else warm, abs(share))
        text.append(" ", Style(bgcolor=shade.rich_color))
    return text


def _tmux_facts() -> dict[str, Any] | None:
    if "TMUX" not in os.environ:
        return None
    return {
        "version": _command_output("tmux", "-V"),
        "set_clipboard": _command_output("tmux", "show", "-gv", "set-clipboard"),
    }


def _command_output(*command: str) -> str | None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=2, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
