"""Slash commands of the desk: every palette action by its id, and short names for some."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from core.errors import UsageError
from sessions.state.answer_settings import SETTINGS
from steertui import commands
from steertui.commands.slash_words import DESK, SLASH_WORDS, split_line, words_at
from steertui.mixer_options import read_vector
from steertui.screens.desk.commands import (
    distractor_actions,
    engine_actions,
    mixer_actions,
    rewind,
    vector_actions,
)
from steertui.screens.desk.dialogs import readers
from steertui.screens.desk.dialogs.distractor import Distractor
from steertui.screens.desk.dialogs.sampling import setting_reader
from steertui.screens.desk.mixer.edits import NO_STRIP
from steertui.screens.desk.mixer.typed_edits import TYPED_EDITS, typed_edit

if TYPE_CHECKING:
    from steertui.screens.desk.screen import DeskScreen

LONGEST_LIST = 8
PLACES = (commands.EVERYWHERE, commands.BOTH, commands.PLAY)


def run_command(desk: DeskScreen, line: str) -> None:
    """Run one line; raises if there is no such command."""
    name, rest = split_line(line)
    if name in ACTS:
        ACTS[name](desk, rest)
    elif name in _actions():
        desk.run_worker(desk.run_action(_actions()[name].action), exit_on_error=False)
    else:
        raise UsageError(f"there is no /{name}; to send it to the model, begin with a space")


def suggest_commands(text: str) -> list[tuple[str, str]]:
    """(text to type, what it does) for a line that begins with a slash, best matches first."""
    name, space, _ = text[1:].partition(" ")
    # Once arguments have begun, only the usage of the word is shown.
    if space:
        return [_suggestion(name)] if name in ACTS else []
    short = [_suggestion(word) for word in words_at(DESK) if word.startswith(name)]
    ids = [(f"/{each.id}", each.title) for each in _actions().values() if _matches(name, each)]
    return [*short, *ids][:LONGEST_LIST]


def _suggestion(name: str) -> tuple[str, str]:
    word = SLASH_WORDS[name]
    return f"/{name} {word.usage}".rstrip(), word.helps[DESK]


def complete_command(text: str, choice: str) -> str:
    """The line with the chosen command filled in."""
    word = choice.split(" ")[0]
    return f"{word} " if word[1:] in ACTS and SLASH_WORDS[word[1:]].needs_argument else word


def _matches(name: str, command: commands.Command) -> bool:
    # A single letter would match almost every title.
    return name.lower() in command.id or (len(name) > 1 and name.lower() in command.title.lower())


def _actions() -> dict[str, commands.Command]:
    return {each.id: each for each in commands.palette_commands(*PLACES)}


def _setting_act(name: str) -> Callable[[DeskScreen, str], None]:
    """A command that changes one setting of the next answers."""

    def act(desk: DeskScreen, text: str) -> None:
        value = setting_reader(name)(text)
        desk.composer.set_sampling(replace(desk.composer.sampling, **{name: value}))

    return act


def _edit(name: str, desk: DeskScreen, text: str) -> None:
    """A command that edits the selected strip, or the one whose number it names."""
    board = desk.mixer_panel.board
    if not board.mixer.channels:
        raise UsageError(NO_STRIP)
    edit = typed_edit(board, board.selected, name, text)
    # Made outside of `try_edit`, so that an error reaches the caller, which gives the line back.
    desk.mixer_panel.try_edit(lambda: edit)


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
    desk.run_async(vector_actions.add_channel_strip(desk, read_vector(text)))


def _mix(desk: DeskScreen, text: str) -> None:
    """Play the mixer of a line; without one, copy the line of what stands there."""
    if text:
        mixer_actions.play_line(desk, text)
    else:
        mixer_actions.copy_line(desk)


def _set_max_rate(desk: DeskScreen, text: str) -> None:
    desk.composer.set_max_rate(readers.read_count(text))


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


ACTS: Mapping[str, Callable[[DeskScreen, str], None]] = {
    **{spec.slash: _setting_act(name) for name, spec in SETTINGS.items() if spec.slash},
    "tempo": _set_max_rate,
    "add": _add,
    "mix": _mix,
    **{name: partial(_edit, name) for name in TYPED_EDITS},
    "rewind": _rewind,
    "distract": _distract,
    "model": _model,
    "mixer": _mixer,
    "note": partial(_send_to_engine, "note", "text"),
    "mark": partial(_send_to_engine, "mark", "label"),
}
