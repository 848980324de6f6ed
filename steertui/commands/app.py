"""What holds everywhere: the screens, help, palette, looks, the engine, the way out."""

from __future__ import annotations

from steertui.commands.command import BOTH, EVERYWHERE, Command, group

COMMANDS: tuple[Command, ...] = (
    *group(
        "app",
        EVERYWHERE,
        ("desk.open", "go('desk')", "f2", "F2", "desk", "The desk: talk, and turn the dials"),
        ("library.open", "go('library')", "f4", "F4", "library", "The library: all vectors and their cards"),
        (
            "sessions.open",
            "go('sessions')",
            "f5",
            "F5",
            "sessions",
            "The sessions: search, read, play again, verify, export, go on",
        ),
        ("app.help", "help", "f1,question_mark", "F1", "help", "Help for this screen, with its keys"),
        ("app.palette", "palette", "ctrl+p", "ctrl+p", "palette", "Every action by name"),
        ("app.theme", "looks", "", "", "", "Change the theme: tried on as you move, remembered when taken"),
        ("app.picture", "picture", "f8", "F8", "", "Save a picture of the screen as SVG"),
        ("app.quit", "leave", "ctrl+q", "ctrl+q", "quit", "Quit: detach or shut the engine down"),
    ),
    *group(
        "app",
        BOTH,
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
            "do('restart')",
            "ctrl+r",
            "ctrl+r",
            "restart",
            "Start a lost engine again, mixer included; else search what was said before",
        ),
        ("prompt.search", "open('search')", "", "", "", "Search what was said before (ctrl+r)"),
        ("prompt.editor", "do('edit_prompt')", "ctrl+e", "ctrl+e", "editor", "Write the prompt in $EDITOR"),
        ("engine.take", "do('take_control')", "", "", "", "Take the writing seat from another screen"),
    ),
)
