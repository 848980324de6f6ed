"""The recorded sessions: how one gets there, and what is done with them."""

from __future__ import annotations

from steertui.commands.command import BOTH, SESSIONS, Command, group

COMMANDS: tuple[Command, ...] = (
    *group(
        "sessions",
        BOTH,
        (
            "sessions.open",
            "open('sessions')",
            "f5",
            "F5",
            "sessions",
            "The sessions: search, read, export, go on",
        ),
        (
            "session.new",
            "new_session",
            "ctrl+n",
            "ctrl+n",
            "",
            "A new session; model, vectors and mixer stay",
        ),
    ),
    *group(
        "sessions",
        SESSIONS,
        (
            "sessions.search",
            "search",
            "slash",
            "/",
            "search",
            "Search (in the sessions; enter goes on with one)",
        ),
        ("sessions.replay", "replay", "p,r", "p", "play", "Play it again, token by token, on a timeline"),
        ("sessions.verify", "verify", "v", "v", "verify", "Speak it again on the loaded model and grade it"),
        ("sessions.export", "export", "e", "e", "export", "Export it: md, jsonl, html, csv, cast"),
        ("sessions.keys", "keys", "f1,question_mark", "F1", "help", "The key map"),
        ("sessions.back", "back", "escape,f2", "esc", "desk", "Back to the desk"),
    ),
)
