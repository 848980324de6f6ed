"""Walking through what was said, token by token, and what can be done at one."""

from __future__ import annotations

from steertui.commands.command import PLAY, TRANSCRIPT, Command, group


def _at(name: str) -> str:
    return f"at_token('{name}')"


COMMANDS: tuple[Command, ...] = (
    *group(
        "token",
        PLAY,
        ("token.previous", _at("previous"), "p", "p", "token", "The token before; first the newest one"),
        ("token.next", _at("next"), "n", "n", "", "The next token; past the newest one the cursor lets go"),
        (
            "token.previous_change",
            _at("previous_change"),
            "P",
            "P",
            "",
            "Back to the last change of the mixer",
        ),
        ("token.next_change", _at("next_change"), "N", "N", "", "On to the next change of the mixer"),
        ("token.branch", _at("branch"), "b", "b", "branch", "Branch at the token into a new session"),
        ("answer.go_on", _at("go_on"), "o", "o", "", "Go on with the last answer where it stopped"),
    ),
    *group(
        "token",
        TRANSCRIPT,
        ("token.pin", "pin", "enter", "enter", "", "Pin the token: all that is known of it, in a panel"),
        ("view.down", "scroll_down", "j", "j", "", "Scroll down"),
        ("view.up", "scroll_up", "k", "k", "", "Scroll up"),
        ("view.home", "scroll_home", "g", "g", "", "To the beginning"),
        ("view.end", "scroll_end", "G", "G", "", "To the end; it follows again"),
        ("view.page_down", "page_down", "ctrl+d", "ctrl+d", "", "A page down"),
        ("view.page_up", "page_up", "ctrl+u", "ctrl+u", "", "A page up"),
    ),
)
