"""Jobs: how one gets there, what is done with one, and the keys of the form that begins one."""

from __future__ import annotations

from steertui.commands.command import EVERYWHERE, FORM, JOBS, Command, group

COMMANDS: tuple[Command, ...] = (
    *group(
        "app",
        EVERYWHERE,
        ("jobs.open", "f3", "F3", "jobs", "Jobs: extract, compare, check, and how they go", "go('jobs')"),
    ),
    *group(
        "jobs",
        JOBS,
        ("jobs.new", "n", "n", "new", "A new job (in the jobs; enter reads one)", "new"),
        ("jobs.page", "right,p", "→ p", "page", "Next page: curves, tables, samples, log", "page(1)"),
        ("jobs.page_back", "left,P", "← P", "", "The page before", "page(-1)"),
        ("jobs.load", "a", "a", "to desk", "Put the vector it made on the desk", "load"),
        ("jobs.keep", "s", "s", "keep", "Keep the vector it made in the library", "keep"),
        ("jobs.again", "r", "r", "rerun", "Run it again; one that was stopped goes on where it was", "again"),
        ("jobs.cancel", "k,delete", "k", "cancel", "Cancel it; what is done is kept", "cancel"),
        ("jobs.change", "e", "e", "change", "Run it again with something changed", "change"),
        ("jobs.copy", "y", "y", "command", "Copy the command line that does the same", "copy"),
        ("jobs.column", "v", "v", "curve", "Another curve on the overview", "column"),
        ("jobs.back", "escape", "esc", "desk", "Back to the desk; jobs go on", "back"),
    ),
    *group(
        "job form",
        FORM,
        ("form.list", "ctrl+l", "ctrl+l", "list", "Choose from a list: vectors, models, sets", "list"),
        ("form.copy", "ctrl+y", "ctrl+y", "copy command", "Copy the command line that does the same", "copy"),
        ("form.cost", "ctrl+g", "ctrl+g", "cost", "Tell what it would take, and do nothing", "cost"),
        ("form.next", "down", "↓", "", "Next line", "move(1)"),
        ("form.previous", "up", "↑", "", "The line before", "move(-1)"),
        ("form.back", "escape", "esc", "back", "Leave without beginning anything", "back"),
    ),
)
