"""A recorded session played again: its controls, and what can be made from a place in it."""

from __future__ import annotations

from steertui.commands.command import REPLAY, Command, group

COMMANDS: tuple[Command, ...] = (
    *group(
        "replay",
        REPLAY,
        ("replay.play", "play", "space", "space", "play", "Play or pause; at the end, from the beginning"),
        ("replay.speed", "speed", "x", "x", "speed", "Next speed: ×1, ×4, ×16"),
        ("replay.forward", "step(1)", "right,l", "→", "", "One token on"),
        ("replay.back", "step(-1)", "left,h", "←", "step", "One token back"),
        ("replay.next", "jump(1)", "full_stop,shift+right", ".", "change", "To the next change"),
        ("replay.previous", "jump(-1)", "comma,shift+left", ",", "", "To the change before"),
        ("replay.start", "seek(0)", "home,g", "home", "", "To the beginning"),
        ("replay.end", "seek(-1)", "end,G", "end", "", "To the end"),
        ("replay.channel", "channel", "tab,c", "tab", "channel", "The projection of the next channel"),
        ("replay.heat", "heat", "H", "H", "heat", "Colour tokens by the projection on that channel"),
        ("replay.branch", "branch", "b", "b", "branch", "Go on from here: a branch, opened on the desk"),
        ("replay.verify", "verify", "v", "v", "verify", "Speak it again on the loaded model and grade it"),
        ("replay.export", "export", "e", "e", "export", "Export it: md, jsonl, html, csv, cast"),
        ("replay.back_out", "back", "escape", "esc", "sessions", "Back to the sessions"),
    ),
)
