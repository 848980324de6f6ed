"""What holds everywhere: the screens, help, palette, looks, the engine, the way out."""

from __future__ import annotations

from steertui.commands.command import BOTH, EVERYWHERE, Command, group

COMMANDS: tuple[Command, ...] = (
    *group(
        "app",
        EVERYWHERE,
        ("desk.open", "f2", "F2", "desk", "The desk: talk, and turn the dials", "go('desk')"),
        ("library.open", "f4", "F4", "library", "The library: all vectors and their cards", "go('library')"),
        (
            "sessions.open",
            "f5",
            "F5",
            "sessions",
            "The sessions: search, read, play again, verify, export, go on",
            "go('sessions')",
        ),
        ("app.help", "f1,question_mark", "F1", "help", "Help for this screen, with its keys", "help"),
        ("app.palette", "ctrl+p", "ctrl+p", "palette", "Every action by name", "palette"),
        ("app.theme", "", "", "", "Change the theme: tried on as you move, remembered when taken", "looks"),
        ("app.picture", "f8", "F8", "", "Save a picture of the screen as SVG", "picture"),
        (
            "app.background",
            "ctrl+z",
            "ctrl+z",
            "",
            "To the shell; fg comes back (in the prompt: undo)",
            "background",
        ),
        ("app.quit", "ctrl+q", "ctrl+q", "quit", "Quit: detach or shut the engine down", "leave"),
    ),
    *group(
        "app",
        BOTH,
        (
            "app.interrupt",
            "ctrl+c",
            "ctrl+c",
            "",
            "Copy the selection, else stop the answer, else quit",
        ),
        (
            "engine.restart",
            "ctrl+r",
            "ctrl+r",
            "restart",
            "Start a lost engine again, mixer included",
        ),
        ("prompt.search", "", "ctrl+r", "", "Search what was said before, while the engine runs"),
        ("prompt.editor", "ctrl+e", "ctrl+e", "editor", "Write the prompt in $EDITOR"),
        ("engine.take", "", "", "", "Take the writing seat from another screen"),
    ),
)
