"""Slash commands of the desk: every palette action by its id, and short names for some."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from core.errors import UsageError
from sessions.state.answer_settings import SETTINGS
from steertui import commands
from steertui.screens.desk.commands import (
    distractor_actions,
    engine_actions,
    mixer_actions,
    rewind,
    vector_actions,
)
from steertui.screens.desk.dialogs import readers
from steertui.screens.desk.dialogs.distractor import Distractor
from steertui.screens.desk.dialogs.sampling import NEW, setting_help, setting_reader
from steertui.screens.desk.mixer import caps
from steertui.screens.desk.mixer import edits as hands

if TYPE_CHECKING:
    from steertui.screens.desk.screen import DeskScreen

LONGEST_LIST = 8
PLACES = (commands.EVERYWHERE, commands.BOTH, commands.PLAY)


@dataclass(frozen=True)
class SlashWord:
    """A short command; `usage` describes its argument."""

    usage: str
    help: str
    act: Callable[[DeskScreen, str], None]


def run_command(desk: DeskScreen, line: str) -> None:
    """Run one line; raises if there is no such command."""
    name, _, rest = line[1:].strip().partition(" ")
    if name in WORDS:
        WORDS[name].act(desk, rest.strip())
    elif name in _actions():
        desk.run_worker(desk.run_action(_actions()[name].action), exit_on_error=False)
    else:
        raise UsageError(f"there is no /{name}; to send it to the model, begin with a space")


def suggest_commands(text: str) -> list[tuple[str, str]]:
    """(text to type, what it does) for a line that begins with a slash, best matches first."""
    name, space, _ = text[1:].partition(" ")
    if space:
        return [(f"/{name} {WORDS[name].usage}", WORDS[name].help)] if name in WORDS else []
    short = [
        (f"/{word} {each.usage}".rstrip(), each.help) for word, each in WORDS.items() if word.startswith(name)
    ]
    ids = [(f"/{each.id}", each.title) for each in _actions().values() if _matches(name, each)]
    return [*short, *ids][:LONGEST_LIST]


def complete_command(text: str, choice: str) -> str:
    """The line with the chosen command filled in."""
    word = choice.split(" ")[0]
    return f"{word} " if word[1:] in WORDS and WORDS[word[1:]].usage else word


def _matches(name: str, command: commands.Command) -> bool:
    return name.lower() in command.id or (len(name) > 1 and name.lower() in command.title.lower())


def _actions() -> dict[str, commands.Command]:
    return {each.id: each for each in commands.palette_commands(*PLACES)}


def _setting_word(name: str) -> SlashWord:
    """A command that changes one setting of the next answers."""
    spec = SETTINGS[name]
    usage = f"{spec.metavar}|{NEW}" if spec.kind == "seed" else str(spec.metavar)

    def act(desk: DeskScreen, text: str) -> None:
        value = setting_reader(name)(text)
        desk.composer.set_sampling(replace(desk.composer.sampling, **{name: value}))

    return SlashWord(usage, setting_help(name), act)


def _edit_word(
    change: Callable[[hands.MixerBoard, str], hands.MixerEdit],
) -> Callable[[DeskScreen, str], None]:
    """A command that edits the selected strip."""

    def act(desk: DeskScreen, text: str) -> None:
        edit = change(desk.mixer_panel.board, text)
        desk.mixer_panel.try_edit(lambda: edit)

    return act


def _gain(board: hands.MixerBoard, text: str) -> hands.MixerEdit:
    gain = readers.optional_reader("off", readers.read_number)(text)
    return hands.MixerEdit.between(board, board.edit(gain=gain))


def _rewind(desk: DeskScreen, text: str) -> None:
    desk.composer.rewind_count = readers.read_positive_count(text or str(desk.composer.rewind_count))
    rewind.repeat_rewind(desk)


def _distract(desk: DeskScreen, text: str) -> None:
    """Insert the text now as a user turn; without a text, open the dialog."""
    if not text:
        distractor_actions.open_distractor_dialog(desk)
        return
    distractor_actions.insert_distractor(desk, Distractor(text, "user", now=True))


def _send_to_engine(op: str, key: str, desk: DeskScreen, text: str) -> None:
    if not text:
        raise UsageError(f"write /{op} and then the words")
    desk.request(op, **{key: text})


def _add(desk: DeskScreen, text: str) -> None:
    if not text:
        vector_actions.open_vector_dialog(desk)
        return
    desk.run_async(vector_actions.add_vector_strip(desk, text))


def _set_max_rate(desk: DeskScreen, text: str) -> None:
    desk.composer.set_max_rate(readers.read_count(text))


def _scale(board: hands.MixerBoard, text: str) -> hands.MixerEdit:
    return hands.set_scale(board, readers.read_number(text))


def _cap(board: hands.MixerBoard, text: str) -> hands.MixerEdit:
    return caps.apply_cap(board, caps.parse_cap(board, text))


def _model(desk: DeskScreen, text: str) -> None:
    if text:
        engine_actions.load_model(desk, text)
    else:
        engine_actions.open_model_dialog(desk)


def _mixer(desk: DeskScreen, text: str) -> None:
    if text:
        mixer_actions.load_mixer(desk, text)
    else:
        mixer_actions.open_mixer_dialog(desk)


WORDS: Mapping[str, SlashWord] = {
    **{spec.slash: _setting_word(name) for name, spec in SETTINGS.items() if spec.slash},
    "tempo": SlashWord("N", "maximum tokens per second; 0: no limit", _set_max_rate),
    "add": SlashWord("VECTOR", "a strip for a vector of the library or a file", _add),
    "scale": SlashWord("X", "the scale of the selected strip", _edit_word(_scale)),
    "gain": SlashWord("X|off", "of the selected strip: 0 ablates, -1 reflects", _edit_word(_gain)),
    "cap": SlashWord("BOUNDS", ">0.5, <p75, paper, small model, neutral, off", _edit_word(_cap)),
    "rewind": SlashWord("N", "take back the last tokens and go on", _rewind),
    "distract": SlashWord("TEXT", "insert it as a user turn", _distract),
    "model": SlashWord("NAME", "load a model; dtype=… and the like may follow", _model),
    "mixer": SlashWord("NAME", "load a whole mixer by name or file", _mixer),
    "note": SlashWord("TEXT", "a note in the record", partial(_send_to_engine, "note", "text")),
    "mark": SlashWord("TEXT", "a marker in the record", partial(_send_to_engine, "mark", "label")),
}
