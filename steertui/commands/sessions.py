"""Commands of the sessions screen, and the one that starts a new session."""

from __future__ import annotations

from steertui.commands.command import BOTH, SESSIONS, Command, command_group

COMMANDS: tuple[Command, ...] = (
    *command_group(
        "sessions",
        BOTH,
        ("session.new", "ctrl+n", "ctrl+n", "", "A new session; model, vectors and mixer stay"),
    ),
    *command_group(
        "sessions",
        SESSIONS,
        (
            "sessions.search",
            "slash",
            "/",
            "search",
            "Search (enter resumes a session)",
            "search",
        ),
        ("sessions.replay", "p,r", "p", "play", "Replay it token by token on a timeline", "replay"),
        (
            "sessions.verify",
            "v",
            "v",
            "verify",
            "Generate it again on the loaded model and compare",
            "verify",
        ),
        ("sessions.export", "e", "e", "export", "Export it: md, jsonl, html, csv, cast, inspect", "export"),
        ("sessions.back", "escape", "esc", "desk", "Back to the desk", "back"),
    ),
)
