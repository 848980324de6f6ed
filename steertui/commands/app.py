"""What holds everywhere: help, palette, the engine, the way out."""

from __future__ import annotations

from steertui.commands.command import BOTH, Command, group

COMMANDS: tuple[Command, ...] = (
    *group(
        "app",
        BOTH,
        ("app.help", "open('keys')", "f1,question_mark", "F1", "help", "The key map"),
        ("app.palette", "palette", "ctrl+p", "ctrl+p", "palette", "Command palette"),
        (
            "app.interrupt",
            "interrupt",
            "ctrl+c",
            "ctrl+c",
            "",
            "Copy the selection, else stop the answer, else quit",
        ),
        (
            "engine.restart",
            "restart_engine",
            "ctrl+r",
            "ctrl+r",
            "restart",
            "Start a lost engine again, mixer included",
        ),
        ("engine.take", "take_control", "", "", "", "Take the writing seat from another screen"),
        ("app.quit", "open('leave')", "ctrl+q", "ctrl+q", "quit", "Quit: detach or shut the engine down"),
    ),
)
