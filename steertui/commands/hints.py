"""The hints of the bottom line: which keys work now, the most useful first."""

from __future__ import annotations

from steertui.commands.registry import BY_ID, COMMANDS

TYPE_HINTS = (
    "prompt.send",
    "prompt.examples",
    "prompt.leave",
    "app.help",
    "app.quit",
    "jobs.open",
    "library.open",
    "app.palette",
    "sessions.open",
)
PLAY_HINTS = (
    *(
        "strip.flip",
        "scale",
        "vector.add",
        "strip.cap",
        "mode.type",
        "mixer.bypass",
        "inject.open",
        "tokens",
        "heat.cycle",
    ),
    *("app.help", "app.palette", "app.quit"),
)
OWN_HINTS = {
    "prompt.send": ("enter", "send", "focused.send"),
    "prompt.examples": ("↑", "examples", "focused.older"),
    "prompt.leave": ("tab", "play", "app.focus_next"),
    "scale": ("[ ]", "scale", BY_ID["scale.up"].action),
    "tokens": ("p n", "tokens", BY_ID["token.previous"].action),
    "engine.go_on": ("space", "go on", BY_ID["engine.pause"].action),
}
WAY_OUT = "back"


def screen_hints(where: str, enter: str) -> list[tuple[str, str, str]]:
    """(key, words, action) for the bottom line of a screen with a table; `enter` describes the enter key
    there.
    """
    return [("enter", enter, "focused.select_cursor"), *place_hints(where)]


def place_hints(where: str) -> list[tuple[str, str, str]]:
    """Hints of all keys of one place that have a short text: the way back first, help last."""
    own = [each for each in COMMANDS if each.where == where and each.hint]
    own.sort(key=lambda command: command.own != WAY_OUT)
    return [*(_hint(each.id) for each in own), _hint("app.help")]


def desk_hints(mode: str, word: str) -> list[tuple[str, str, str]]:
    """(key, words, action) for the desk's bottom line, the most useful first."""
    usual: tuple[str, ...] = TYPE_HINTS if mode == "TYPE" else PLAY_HINTS
    if word == "lost":
        usual = ("engine.restart", *usual)
    if word in ("generating", "paused"):
        space = "engine.go_on" if word == "paused" else "engine.pause"
        usual = ("engine.stop", *((space,) if mode == "PLAY" else ()), *usual)
    return [_hint(name) for name in usual]


def _hint(name: str) -> tuple[str, str, str]:
    if name in OWN_HINTS:
        return OWN_HINTS[name]
    command = BY_ID[name]
    return command.shown, command.hint, command.address
