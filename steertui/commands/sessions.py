"""The recorded sessions: what is done with them, and how a new one begins."""

from __future__ import annotations

from steertui.commands.command import BOTH, SESSIONS, Command, group

COMMANDS: tuple[Command, ...] = (
    *group(
        "sessions",
        BOTH,
        ("session.new", "ctrl+n", "ctrl+n", "", "A new session; model, vectors and mixer stay"),
    ),
    *group(
        "sessions",
        SESSIONS,
        (
            "sessions.search",
            "slash",
            "/",
            "search",
            "Search (in the sessions; enter goes on with one)",
            "search",
        ),
        ("sessions.replay", "p,r", "p", "play", "Play it again, token by token, on a timeline", "replay"),
        ("sessions.verify", "v", "v", "verify", "Speak it again on the loaded model and grade it", "verify"),
        ("sessions.export", "e", "e", "export", "Export it: md, jsonl, html, csv, cast", "export"),
        ("sessions.back", "escape", "esc", "desk", "Back to the desk", "back"),
    ),
)
