"""Slash words of the plain chat: change the mixer or the conversation between two answers."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from functools import partial

from core.errors import UsageError
from core.mixer.effects import channel_dose
from core.mixer.mixer import Channel
from sessions.state.answer_settings import CONVERSATION, DEFAULTS, SETTINGS, json_value
from sessions.state.channel_words import channel_words
from sessions.state.settings_words import setting_words
from steertui.cli.prepared import ChatSetup
from steertui.commands.slash_words import CHAT, split_line, usage_line, words_at
from steertui.mixer_lines import MixerLine
from steertui.mixer_options import build_mixer, read_vector
from steertui.screens.desk.dialogs.sampling import setting_reader
from steertui.screens.desk.mixer.edits import MixerBoard, mixer_with_bands
from steertui.screens.desk.mixer.typed_edits import TYPED_EDITS, typed_edit
from steertui.screens.desk.next_sampling import SEEDS


def run_command(setup: ChatSetup, line: str) -> str:
    """Run one line such as `/scale 2 0.5` and return what to print: an answer of its own, or the channels."""
    name, text = split_line(line)
    if name not in ACTS:
        raise UsageError(f"there is no /{name}; /help lists what there is")
    return ACTS[name](setup, text) or _render_mixer(setup)


def _board(setup: ChatSetup) -> MixerBoard:
    return MixerBoard(setup.mixer, n_layers=setup.n_layers, residual=setup.residual_norms)


def _edit(name: str, setup: ChatSetup, text: str) -> None:
    board = _board(setup)
    # With a single channel its number may be left out.
    only = 0 if len(board.mixer.channels) == 1 else None
    edit = typed_edit(board, only, name, text)
    setup.set_mixer(edit.board.mixer, edit.words)


def _add(setup: ChatSetup, text: str) -> None:
    if not text:
        raise UsageError(usage_line("add"))
    (channel,) = build_mixer([read_vector(text)], setup.load_vector, setup.n_layers).channels
    setup.set_mixer(setup.mixer.add(channel))


def _mix(setup: ChatSetup, text: str) -> str | None:
    """Play the mixer of a line; without one, print the line of what plays now."""
    if not text:
        return str(setup.mixer)
    line = MixerLine.read(text, setup.state.vectors.values())
    loaded = {sha: setup.load_vector(source) for sha, source in line.sources.items()}
    setup.set_mixer(line.build(loaded))
    return None


def _new(setup: ChatSetup, text: str) -> str:
    setup.start_session()
    return "a new conversation"


def _set_setting(name: str, setup: ChatSetup, text: str) -> str:
    """Change one setting of the next answers, and say which."""
    value = setting_reader(name)(text)
    # At the desk "new" is another seed at every answer; here it is drawn once, so that it can be printed.
    value = secrets.randbelow(SEEDS) if value is None else json_value(value)
    setup.settings = {key: old for key, old in setup.settings.items() if key != name}
    if value != DEFAULTS[name]:
        setup.settings[name] = value
    said = setting_words(name, value)
    # The first messages change, so the next answer needs a new conversation.
    return f"{said}: {_new(setup, '')}" if SETTINGS[name].scope == CONVERSATION else said


def _undo(setup: ChatSetup, text: str) -> str:
    setup.undo()
    return "the last turn is taken back"


def _help(setup: ChatSetup, text: str) -> str:
    rows = {f"/{name} {word.usage}".rstrip(): word.helps[CHAT] for name, word in words_at(CHAT).items()}
    width = max(map(len, rows))
    return "\n".join(f"{written:<{width}}  {help_line}" for written, help_line in rows.items())


def _render_mixer(setup: ChatSetup, text: str = "") -> str:
    """One line per channel, and one if the mixer is bypassed."""
    states = mixer_with_bands(_board(setup))["channels"]
    lines = [
        f"{index} {channel_words(channel.label, state)}{_dose(setup, channel)}"
        for index, (channel, state) in enumerate(zip(setup.mixer.channels, states, strict=True), 1)
    ]
    if setup.mixer.bypassed:
        lines.append("all bypassed")
    return "\n".join(lines) or "no channels; /add VECTOR adds one"


def _dose(setup: ChatSetup, channel: Channel) -> str:
    if not channel.scale:
        return ""
    return f", {channel_dose(channel, setup.n_layers, lambda: setup.residual_norms)[1]:.2f} ‖h‖ in total"


ACTS: Mapping[str, Callable[[ChatSetup, str], str | None]] = {
    "help": _help,
    "vectors": _render_mixer,
    "add": _add,
    "mix": _mix,
    **{name: partial(_edit, name) for name in TYPED_EDITS},
    **{spec.slash: partial(_set_setting, name) for name, spec in SETTINGS.items() if spec.slash},
    "undo": _undo,
    "new": _new,
}
