"""Commands available everywhere: screens, help, palette, theme, engine, quit."""

from __future__ import annotations

from steertui.commands.command import BOTH, EVERYWHERE, Command, command_group

COMMANDS: tuple[Command, ...] = (
    *command_group(
        "app",
        EVERYWHERE,
        ("desk.open", "f2", "F2", "desk", "The desk: chat and steer", "go('desk')"),
        ("library.open", "f4", "F4", "library", "The library: all vectors and their cards", "go('library')"),
        (
            "sessions.open",
            "f5",
            "F5",
            "sessions",
            "The sessions: search, read, replay, verify, export, resume",
            "go('sessions')",
        ),
        ("app.help", "f1,question_mark", "F1", "help", "Help for this screen, with its keys", "help"),
        ("app.palette", "ctrl+p", "ctrl+p", "palette", "Find any command by name", "palette"),
        ("app.theme", "", "", "", "Change the theme: previewed while you move, saved on enter", "looks"),
        ("app.picture", "f8", "F8", "", "Save a picture of the screen as SVG", "picture"),
        (
            "app.background",
            "ctrl+z",
            "ctrl+z",
            "",
            "Suspend to the shell; fg resumes (in the prompt: undo)",
            "background",
        ),
        ("app.quit", "ctrl+q", "ctrl+q", "quit", "Quit: detach or shut the engine down", "leave"),
    ),
    *command_group(
        "app",
        BOTH,
        (
            "app.interrupt",
            "ctrl+c",
            "ctrl+c",
            "",
            "Copy the selection, or stop the answer, or quit",
        ),
        (
            "engine.restart",
            "ctrl+r",
            "ctrl+r",
            "restart",
            "Restart a lost engine and restore the mixer",
        ),
        ("prompt.search", "", "ctrl+r", "", "Search earlier prompts, while the engine runs"),
        ("prompt.editor", "ctrl+e", "ctrl+e", "editor", "Write the prompt in $EDITOR"),
        ("engine.take", "", "", "", "Take write access from another screen"),
    ),
)
