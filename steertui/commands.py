"""Every action of the desk, once: its id for the keymap, its keys, its words for footer, help and palette.

Keys, hints, palette and help are all read from here, so an action cannot have one of them and lack another.
"""

from __future__ import annotations

from dataclasses import dataclass

from textual.binding import Binding

BOTH, PLAY, BANK = "anywhere", "PLAY", "fader bank"


@dataclass(frozen=True)
class Command:
    """`keys` are Textual's names, comma separated; `shown` is how the help writes them. No keys: palette only."""

    id: str
    action: str
    title: str
    keys: str = ""
    shown: str = ""
    hint: str = ""
    where: str = PLAY
    group: str = "desk"
    palette: bool = True


COMMANDS: tuple[Command, ...] = (
    Command(
        "engine.stop",
        "stop",
        "Stop the answer; otherwise change TYPE ⇄ PLAY",
        "escape",
        "esc",
        "stop",
        BOTH,
        "answer",
    ),
    Command(
        "engine.pause",
        "pause",
        "Pause or go on between two tokens",
        "space",
        "space",
        "pause",
        PLAY,
        "answer",
    ),
    Command(
        "answer.again",
        "again",
        "Answer the last message again under the present mixer",
        "r",
        "r",
        "redo",
        PLAY,
        "answer",
    ),
    Command(
        "answer.yank", "yank", "Copy the last answer (clipboard and file)", "y", "y", "yank", PLAY, "answer"
    ),
    Command(
        "answer.tempo",
        "tempo",
        "Tempo of the next answers: as fast as it can, 8, 16 or 32 tokens a second",
        "t",
        "t",
        "tempo",
        PLAY,
        "answer",
    ),
    Command("inject.open", "inject", "Throw in a distractor", "d", "d", "distract", PLAY, "answer"),
    Command("mode.type", "type", "Go to the prompt (TYPE)", "i,enter", "i", "type", PLAY, "modes"),
    Command(
        "vector.add", "add_vector", "Add a vector from the library", "a", "a", "add vector", PLAY, "strip"
    ),
    Command(
        "strip.remove", "edit('remove')", "Take the selected strip out", "delete", "del", "", PLAY, "strip"
    ),
    Command(
        "scale.up",
        "edit('scale_up')",
        "Scale up, fine",
        "right_square_bracket,plus",
        "] +",
        "",
        PLAY,
        "strip",
    ),
    Command(
        "scale.down",
        "edit('scale_down')",
        "Scale down, fine",
        "left_square_bracket,minus",
        "[ −",
        "",
        PLAY,
        "strip",
    ),
    Command(
        "scale.up_coarse",
        "edit('scale_up_coarse')",
        "Scale up, coarse",
        "right_curly_bracket,greater_than_sign",
        "} >",
        "",
        PLAY,
        "strip",
    ),
    Command(
        "scale.down_coarse",
        "edit('scale_down_coarse')",
        "Scale down, coarse",
        "left_curly_bracket,less_than_sign",
        "{ <",
        "",
        PLAY,
        "strip",
    ),
    Command("scale.zero", "edit('zero')", "Scale to zero", "0", "0", "zero", PLAY, "strip"),
    Command("scale.exact", "exact", "Type the scale", "equals_sign", "=", "exact", PLAY, "strip"),
    Command(
        "scale.unit",
        "edit('unit')",
        "Next unit of the scale; the push stays put",
        "u",
        "u",
        "unit",
        PLAY,
        "strip",
    ),
    Command("strip.flip", "edit('flip')", "Flip the sign at the next token", "f", "f", "flip", PLAY, "strip"),
    Command("strip.cap", "cap", "Cap on or off", "c", "c", "cap", PLAY, "strip"),
    Command(
        "strip.threshold", "threshold", "Type the floor and ceiling of the cap", "C", "C", "", PLAY, "strip"
    ),
    Command("strip.mute", "edit('mute')", "Mute the strip", "m", "m", "mute", PLAY, "strip"),
    Command("strip.solo", "edit('solo')", "Hear this strip alone", "s", "s", "solo", PLAY, "strip"),
    Command(
        "mixer.bypass", "edit('bypass')", "Bypass the whole mixer (A/B)", "x", "x", "bypass", PLAY, "strip"
    ),
    Command("bank.left", "layer(-1)", "Previous layer", "left", "←", "", BANK, "bank", False),
    Command("bank.right", "layer(1)", "Next layer", "right", "→", "", BANK, "bank", False),
    Command("bank.up", "draw(1,False)", "This layer up, fine", "up", "↑", "", BANK, "bank", False),
    Command("bank.down", "draw(-1,False)", "This layer down, fine", "down", "↓", "", BANK, "bank", False),
    Command(
        "bank.up_coarse", "draw(1,True)", "This layer up, coarse", "pageup", "PgUp", "", BANK, "bank", False
    ),
    Command(
        "bank.down_coarse",
        "draw(-1,True)",
        "This layer down, coarse",
        "pagedown",
        "PgDn",
        "",
        BANK,
        "bank",
        False,
    ),
    Command(
        "band.narrow",
        "edit('narrower')",
        "Band one layer narrower on both sides",
        "comma",
        ",",
        "",
        PLAY,
        "bank",
    ),
    Command(
        "band.wide", "edit('wider')", "Band one layer wider on both sides", "full_stop", ".", "", PLAY, "bank"
    ),
    Command("band.shape", "edit('shape')", "Next shape: flat, ramp, bell", "w", "w", "shape", PLAY, "bank"),
    Command(
        "heat.cycle",
        "heat",
        "Colour tokens by projection: off, background, underline",
        "h",
        "h",
        "heat",
        PLAY,
        "view",
    ),
    Command("heat.channel", "heat_channel", "Heat from the next channel", "H", "H", "", PLAY, "view"),
    Command("view.rack", "toggle_rack", "Show or hide the rack", "ctrl+t", "ctrl+t", "", BOTH, "view"),
    Command("app.help", "help", "The key map", "f1,question_mark", "F1 ?", "help", BOTH, "app"),
    Command("app.palette", "palette", "Command palette", "ctrl+p", "ctrl+p", "palette", BOTH, "app", False),
    Command(
        "engine.restart",
        "restart_engine",
        "Start a lost engine again, mixer included",
        "ctrl+r",
        "ctrl+r",
        "",
        BOTH,
        "app",
    ),
    Command(
        "engine.take", "take_control", "Take the writing seat from another screen", where=BOTH, group="app"
    ),
    Command(
        "app.quit", "leave", "Quit: detach or shut the engine down", "ctrl+q", "ctrl+q", "quit", BOTH, "app"
    ),
)

STRIP_KEYS = tuple(
    Binding(str(n), f"select({n - 1})", f"Select strip {n}", id=f"strip.{n}", show=False)
    for n in range(1, 10)
)
BY_ID = {command.id: command for command in COMMANDS}


def bindings(*where: str) -> list[Binding]:
    """Textual bindings of the commands that live in these places; the id is what a keymap file names."""
    return [
        Binding(command.keys, command.action, command.title, id=command.id, show=False)
        for command in COMMANDS
        if command.keys and command.where in where
    ]


IDLE_HINTS = ("prompt.send", "prompt.examples", "prompt.leave", "app.help", "app.palette", "app.quit")
PLAY_HINTS = (
    "strip.flip",
    "scale",
    "vector.add",
    "strip.cap",
    "mixer.bypass",
    "inject.open",
    "heat.cycle",
    "mode.type",
)
OWN_HINTS = {
    "prompt.send": ("enter", "send", "send_prompt"),
    "prompt.examples": ("↑", "examples", "recall"),
    "prompt.leave": ("tab", "play", "app.focus_next"),
    "scale": ("[ ]", "scale", "edit('scale_up')"),
}


def hints(mode: str, word: str) -> list[tuple[str, str, str]]:
    """(key, words, action) for the bottom line, most useful first."""
    first = ["engine.stop", "engine.pause"] if word in ("generating", "paused") else []
    if word == "lost":
        first = ["engine.restart"]
    names = first + list(IDLE_HINTS if mode == "TYPE" else (*PLAY_HINTS, "app.help", "app.palette"))
    return [_hint(name) for name in names]


def _hint(name: str) -> tuple[str, str, str]:
    if name in OWN_HINTS:
        return OWN_HINTS[name]
    command = BY_ID[name]
    return command.shown.split()[0], command.hint, command.action
