"""Walking through what was said, token by token, and what can be done at one."""

from __future__ import annotations

from steertui.commands.command import PLAY, TRANSCRIPT, Command, group

COMMANDS: tuple[Command, ...] = (
    *group(
        "token",
        PLAY,
        ("token.previous", "p", "p", "token", "The token before; first the newest one"),
        ("token.next", "n", "n", "", "The next token; past the newest one the cursor lets go"),
        ("token.previous_change", "P", "P", "", "Back to the last change of the mixer"),
        ("token.next_change", "N", "N", "", "On to the next change of the mixer"),
        ("token.branch", "b", "b", "branch", "Branch at the token into a new session"),
        ("answer.go_on", "o", "o", "", "Go on with the last answer where it stopped"),
    ),
    *group(
        "transcript",
        TRANSCRIPT,
        ("token.pin", "enter", "enter", "", "Pin the token: all that is known of it, in a panel", "pin"),
        ("view.down", "j", "j", "", "Scroll down", "scroll_down"),
        ("view.up", "k", "k", "", "Scroll up", "scroll_up"),
        ("view.home", "home", "home", "", "To the beginning of the talk", "scroll_home"),
        ("view.end", "end,G", "end G", "", "To the end; it follows again", "scroll_end"),
        ("view.page_down", "ctrl+d", "ctrl+d", "", "A page down", "page_down"),
        ("view.page_up", "ctrl+u", "ctrl+u", "", "A page up", "page_up"),
    ),
)
