"""Commands of the token cursor and of the transcript."""

from __future__ import annotations

from steertui.commands.command import PLAY, TRANSCRIPT, Command, command_group

COMMANDS: tuple[Command, ...] = (
    *command_group(
        "token",
        PLAY,
        ("token.previous", "p", "p", "token", "Previous token (starts at the newest)"),
        ("token.next", "n", "n", "", "Next token (past the newest: leave token mode)"),
        ("token.previous_change", "P", "P", "", "To the previous mixer change"),
        ("token.next_change", "N", "N", "", "To the next mixer change"),
        ("token.branch", "b", "b", "branch", "Branch here into a new session"),
        ("answer.go_on", "o", "o", "", "Continue the last answer where it stopped"),
    ),
    *command_group(
        "transcript",
        TRANSCRIPT,
        ("token.pin", "enter", "enter", "", "Pin the token: show all its measurements in a panel", "pin"),
        ("view.down", "j", "j", "", "Scroll down", "scroll_down"),
        ("view.up", "k", "k", "", "Scroll up", "scroll_up"),
        ("view.home", "home", "home", "", "To the beginning of the conversation", "scroll_home"),
        ("view.end", "end,G", "end G", "", "To the end, and follow new text", "scroll_end"),
        ("view.page_down", "ctrl+d", "ctrl+d", "", "One page down", "page_down"),
        ("view.page_up", "ctrl+u", "ctrl+u", "", "One page up", "page_up"),
    ),
)
