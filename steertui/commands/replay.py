"""Commands of the replay screen."""

from __future__ import annotations

from steertui.commands.command import REPLAY, Command, command_group

COMMANDS: tuple[Command, ...] = (
    *command_group(
        "replay",
        REPLAY,
        ("replay.play", "space", "space", "play", "Play or pause; at the end, from the beginning", "play"),
        ("replay.speed", "x", "x", "speed", "Next speed: ×1, ×4, ×16", "speed"),
        ("replay.forward", "right,l", "→", "", "One token forward", "step(1)"),
        ("replay.back", "left,h", "←", "step", "One token back", "step(-1)"),
        ("replay.next", "full_stop,shift+right", ".", "change", "To the next change", "jump(1)"),
        ("replay.previous", "comma,shift+left", ",", "", "To the previous change", "jump(-1)"),
        ("replay.start", "home,g", "home", "", "To the beginning", "seek(0)"),
        ("replay.end", "end,G", "end", "", "To the end", "seek(-1)"),
        ("replay.channel", "tab,c", "tab", "channel", "The projection of the next channel", "channel"),
        ("replay.heat", "H", "H", "heat", "Colour tokens by the projection on that channel", "heat"),
        ("replay.branch", "b", "b", "branch", "Continue from here: opens a new branch on the desk", "branch"),
        ("replay.verify", "v", "v", "verify", "Generate it again on the loaded model and compare", "verify"),
        ("replay.export", "e", "e", "export", "Export it: md, jsonl, html, csv, cast, inspect", "export"),
        ("replay.back_out", "escape", "esc", "sessions", "Back to the sessions", "back"),
    ),
)
