"""Jobs: how one gets there, what is done with one, and the keys of the form that begins one."""

from __future__ import annotations

from steertui.commands.command import EVERYWHERE, FORM, JOBS, Command, group

COMMANDS: tuple[Command, ...] = (
    *group(
        "app",
        EVERYWHERE,
        ("jobs.open", "go('jobs')", "f3", "F3", "jobs", "Jobs: extract, compare, check, and how they go"),
    ),
    *group(
        "jobs",
        JOBS,
        ("jobs.new", "new", "n", "n", "new", "A new job (in the jobs; enter reads one)"),
        ("jobs.load", "load", "a", "a", "to desk", "Put the vector it made on the desk"),
        ("jobs.keep", "keep", "s", "s", "keep", "Keep the vector it made in the library"),
        ("jobs.again", "again", "r", "r", "rerun", "Run it again; one that was stopped goes on where it was"),
        ("jobs.change", "change", "e", "e", "change", "Run it again with something changed"),
        ("jobs.cancel", "cancel", "k,delete", "k", "cancel", "Cancel it; what is done is kept"),
        ("jobs.copy", "copy", "y", "y", "command", "Copy the command line that does the same"),
        ("jobs.page", "page(1)", "right,p", "→ p", "page", "Next page: curves, tables, samples, log"),
        ("jobs.page_back", "page(-1)", "left,P", "← P", "", "The page before"),
        ("jobs.column", "column", "v", "v", "curve", "Another curve on the overview"),
        ("jobs.back", "back", "escape", "esc", "desk", "Back to the desk; jobs go on"),
    ),
    *group(
        "job form",
        FORM,
        ("form.list", "list", "ctrl+l", "ctrl+l", "list", "Choose from a list: vectors, models, sets"),
        ("form.copy", "copy", "ctrl+y", "ctrl+y", "copy command", "Copy the command line that does the same"),
        ("form.cost", "cost", "ctrl+g", "ctrl+g", "cost", "Tell what it would take, and do nothing"),
        ("form.next", "move(1)", "down", "↓", "", "Next line"),
        ("form.previous", "move(-1)", "up", "↑", "", "The line before"),
        ("form.back", "back", "escape", "esc", "back", "Leave without beginning anything"),
    ),
)
