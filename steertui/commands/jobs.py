"""Commands of the jobs screen and of the form that starts a job."""

from __future__ import annotations

from steertui.commands.command import EVERYWHERE, FORM, JOBS, Command, command_group

COMMANDS: tuple[Command, ...] = (
    *command_group(
        "app",
        EVERYWHERE,
        (
            "jobs.open",
            "f3",
            "F3",
            "jobs",
            "Jobs: extract, compare and check vectors, with their progress",
            "go('jobs')",
        ),
    ),
    *command_group(
        "jobs",
        JOBS,
        ("jobs.new", "n", "n", "new", "Start a new job (on the jobs screen; enter opens one)", "new"),
        ("jobs.page", "right,p", "→ p", "page", "Next page: curves, tables, samples, log", "page(1)"),
        ("jobs.page_back", "left,P", "← P", "", "Previous page", "page(-1)"),
        ("jobs.load", "a", "a", "to desk", "Load the vector it made on the desk", "load"),
        ("jobs.keep", "s", "s", "keep", "Copy the vector it made to the library", "keep"),
        ("jobs.again", "r", "r", "rerun", "Run it again; a stopped job resumes", "again"),
        ("jobs.cancel", "k,delete", "k", "cancel", "Cancel it; partial results are kept", "cancel"),
        ("jobs.change", "e", "e", "change", "Run it again with other parameters", "change"),
        ("jobs.copy", "y", "y", "command", "Copy the command line that does the same", "copy"),
        ("jobs.column", "v", "v", "curve", "Next curve on the overview", "column"),
        ("jobs.back", "escape", "esc", "desk", "Back to the desk; jobs keep running", "back"),
    ),
    *command_group(
        "job form",
        FORM,
        (
            "form.list",
            "ctrl+l",
            "ctrl+l",
            "list",
            "Choose from a list of vectors, models or contrast sets",
            "list",
        ),
        ("form.copy", "ctrl+y", "ctrl+y", "copy command", "Copy the command line that does the same", "copy"),
        ("form.cost", "ctrl+g", "ctrl+g", "cost", "Estimate the cost without running the job", "cost"),
        ("form.next", "down", "↓", "", "Next line", "move(1)"),
        ("form.previous", "up", "↑", "", "Previous line", "move(-1)"),
        ("form.back", "escape", "esc", "back", "Leave without starting a job", "back"),
    ),
)
