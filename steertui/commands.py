"""Every action of the desk, once: its id for the keymap, its keys, its words for footer, help and palette.

Keys, hints, palette and help are all read from here, so an action cannot have one of them and lack another.
"""

from __future__ import annotations

from dataclasses import dataclass

from textual.binding import Binding, BindingType

BOTH, PLAY, BANK, LIBRARY, SESSIONS = "anywhere", "PLAY", "fader bank", "library", "sessions"


@dataclass(frozen=True)
class Command:
    """`keys` are Textual's names, comma separated; `shown` is how the help writes them. No keys: palette only."""

    id: str
    action: str
    keys: str
    shown: str
    hint: str
    title: str
    where: str
    group: str


def _group(name: str, where: str, *rows: tuple[str, str, str, str, str, str]) -> tuple[Command, ...]:
    return tuple(Command(*row, where=where, group=name) for row in rows)


def _edit(edit: str) -> str:
    return f"edit('{edit}')"


COMMANDS: tuple[Command, ...] = (
    *_group(
        "answer",
        BOTH,
        ("engine.stop", "stop", "escape", "esc", "stop", "Stop the answer; else change TYPE ⇄ PLAY"),
    ),
    *_group(
        "answer",
        PLAY,
        ("engine.pause", "pause", "space", "space", "pause", "Pause or go on between two tokens"),
        ("answer.again", "again", "r", "r", "redo", "Answer the last message again under the mixer of now"),
        (
            "answer.tempo",
            "tempo",
            "t",
            "t",
            "tempo",
            "Tempo of the next answers: full, 8, 16, 32 tokens a second",
        ),
        ("answer.yank", "yank", "y", "y", "yank", "Copy the last answer (clipboard and file)"),
        ("inject.open", "open('inject')", "d", "d", "distract", "Throw in a distractor"),
        ("mode.type", "type", "i,enter", "i", "type", "Go to the prompt (TYPE)"),
    ),
    *_group(
        "strip",
        PLAY,
        ("vector.add", "open('add_vector')", "a", "a", "add vector", "Add a vector from the library"),
        ("strip.remove", _edit("remove"), "delete", "del", "", "Take the selected strip out"),
        ("scale.up", _edit("scale_up"), "right_square_bracket,plus", "] +", "", "Scale up, fine"),
        ("scale.down", _edit("scale_down"), "left_square_bracket,minus", "[ −", "", "Scale down, fine"),
        (
            "scale.up_coarse",
            _edit("scale_up_coarse"),
            "right_curly_bracket,greater_than_sign",
            "} >",
            "",
            "Scale up, coarse",
        ),
        (
            "scale.down_coarse",
            _edit("scale_down_coarse"),
            "left_curly_bracket,less_than_sign",
            "{ <",
            "",
            "Scale down, coarse",
        ),
        ("scale.zero", _edit("zero"), "0", "0", "zero", "Scale to zero"),
        ("scale.exact", "open('exact')", "equals_sign", "=", "exact", "Type the scale"),
        ("scale.unit", _edit("unit"), "u", "u", "unit", "Next unit of the scale; the push stays put"),
        ("strip.flip", _edit("flip"), "f", "f", "flip", "Flip the sign at the next token"),
        ("strip.cap", "cap", "c", "c", "cap", "Cap on or off"),
        ("strip.threshold", "open('threshold')", "C", "C", "", "Type the floor and ceiling of the cap"),
        ("strip.mute", _edit("mute"), "m", "m", "mute", "Mute the strip"),
        ("strip.solo", _edit("solo"), "s", "s", "solo", "Hear this strip alone"),
        ("mixer.bypass", _edit("bypass"), "x", "x", "bypass", "Bypass the whole mixer (A/B)"),
    ),
    *_group(
        "bank",
        PLAY,
        ("band.narrow", _edit("narrower"), "comma", ",", "", "Band one layer narrower on both sides"),
        ("band.wide", _edit("wider"), "full_stop", ".", "", "Band one layer wider on both sides"),
        ("band.shape", _edit("shape"), "w", "w", "shape", "Next shape: flat, ramp, bell"),
    ),
    *_group(
        "bank",
        BANK,
        ("bank.left", "screen.layer(-1)", "left", "←", "", "Previous layer (in the bank)"),
        ("bank.right", "screen.layer(1)", "right", "→", "", "Next layer"),
        ("bank.up", "screen.draw(1,False)", "up", "↑", "", "This layer up, fine"),
        ("bank.down", "screen.draw(-1,False)", "down", "↓", "", "This layer down, fine"),
        ("bank.up_coarse", "screen.draw(1,True)", "pageup", "PgUp", "", "This layer up, coarse"),
        ("bank.down_coarse", "screen.draw(-1,True)", "pagedown", "PgDn", "", "This layer down, coarse"),
    ),
    *_group(
        "view",
        PLAY,
        ("heat.cycle", "heat", "h", "h", "heat", "Colour tokens by projection: off, background, underline"),
        ("heat.channel", "heat(True)", "H", "H", "", "Heat from the next channel"),
    ),
    *_group(
        "view",
        BOTH,
        ("view.rack", "toggle_rack", "ctrl+t", "ctrl+t", "", "Show or hide the rack"),
    ),
    *_group(
        "library",
        BOTH,
        (
            "library.open",
            "open('library')",
            "f4",
            "F4",
            "library",
            "The library: all vectors and their cards",
        ),
    ),
    *_group(
        "library",
        LIBRARY,
        (
            "library.filter",
            "filter",
            "slash",
            "/",
            "filter",
            "Filter (in the library; enter takes a vector to the desk)",
        ),
        (
            "library.check",
            "check",
            "t",
            "t",
            "check",
            "Check it on this model, about a minute (again, or esc, stops it)",
        ),
        ("library.rename", "rename", "R", "R", "rename", "Rename"),
        ("library.note", "note", "n", "n", "note", "Write a note on it"),
        ("library.remove", "remove", "delete", "del", "trash", "Move to the trash"),
        ("library.import", "import_file", "o", "o", "import", "Import a file of any format"),
        ("library.keys", "keys", "f1,question_mark", "F1", "help", "The key map"),
        ("library.back", "back", "escape,f2", "esc", "desk", "Back to the desk"),
    ),
    *_group(
        "sessions",
        BOTH,
        (
            "sessions.open",
            "open('sessions')",
            "f5",
            "F5",
            "sessions",
            "The sessions: search, read, export, go on",
        ),
        (
            "session.new",
            "new_session",
            "ctrl+n",
            "ctrl+n",
            "",
            "A new session; model, vectors and mixer stay",
        ),
    ),
    *_group(
        "sessions",
        SESSIONS,
        (
            "sessions.search",
            "search",
            "slash",
            "/",
            "search",
            "Search (in the sessions; enter goes on with one)",
        ),
        ("sessions.export", "export", "e", "e", "export", "Export it: md, jsonl, html, csv, cast"),
        ("sessions.keys", "keys", "f1,question_mark", "F1", "help", "The key map"),
        ("sessions.back", "back", "escape,f2", "esc", "desk", "Back to the desk"),
    ),
    *_group(
        "app",
        BOTH,
        ("app.help", "open('keys')", "f1,question_mark", "F1", "help", "The key map"),
        ("app.palette", "palette", "ctrl+p", "ctrl+p", "palette", "Command palette"),
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
            "restart_engine",
            "ctrl+r",
            "ctrl+r",
            "restart",
            "Start a lost engine again, mixer included",
        ),
        ("engine.take", "take_control", "", "", "", "Take the writing seat from another screen"),
        ("app.quit", "open('leave')", "ctrl+q", "ctrl+q", "quit", "Quit: detach or shut the engine down"),
    ),
)
BY_ID = {command.id: command for command in COMMANDS}
STRIP_KEYS = tuple(
    Binding(str(n), f"select({n - 1})", f"Select strip {n}", id=f"strip.{n}", show=False)
    for n in range(1, 10)
)

TYPE_HINTS = (
    "prompt.send",
    "prompt.examples",
    "prompt.leave",
    "app.help",
    "app.palette",
    "library.open",
    "sessions.open",
    "app.quit",
)
PLAY_HINTS = (
    *(
        "strip.flip",
        "scale",
        "vector.add",
        "strip.cap",
        "mixer.bypass",
        "inject.open",
        "heat.cycle",
        "mode.type",
    ),
    *("app.help", "app.palette"),
)
OWN_HINTS = {
    "prompt.send": ("enter", "send", "focused.send"),
    "prompt.examples": ("↑", "examples", "focused.older"),
    "prompt.leave": ("tab", "play", "app.focus_next"),
    "scale": ("[ ]", "scale", f"screen.{_edit('scale_up')}"),
}


def bindings(*where: str) -> list[BindingType]:
    """Textual bindings of the commands that live in these places; the id is what a keymap file names."""
    return [
        Binding(command.keys, command.action, command.title, id=command.id, show=False)
        for command in COMMANDS
        if command.keys and command.where in where
    ]


def palette() -> list[Command]:
    """What makes sense by name at the desk: not the cursor keys of the bank, and not the palette itself."""
    unnamed = ("app.palette", "app.interrupt")
    return [each for each in COMMANDS if each.where in (BOTH, PLAY) and each.id not in unnamed]


def screen_hints(where: str, enter: str) -> list[tuple[str, str, str]]:
    """(key, words, action) for the bottom line of a screen around a table; `enter` says what enter does there."""
    own = [_hint(each.id) for each in COMMANDS if each.where == where]
    return [("enter", enter, "focused.select_cursor"), *own]


def hints(mode: str, word: str) -> list[tuple[str, str, str]]:
    """(key, words, action) for the bottom line, most useful first."""
    usual: tuple[str, ...] = TYPE_HINTS if mode == "TYPE" else PLAY_HINTS
    if word == "lost":
        usual = ("engine.restart", *usual)
    if word in ("generating", "paused"):
        usual = ("engine.stop", *(("engine.pause",) if mode == "PLAY" else ()), *usual)
    return [_hint(name) for name in usual]


def _hint(name: str) -> tuple[str, str, str]:
    if name in OWN_HINTS:
        return OWN_HINTS[name]
    command = BY_ID[name]
    return command.shown, command.hint, f"screen.{command.action}"
