"""Slash commands of the plain chat: change the mixer or the conversation between two answers.

Channels are numbered from 1 in the order they were added; the number may be left out when there is only
one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from core.errors import UsageError
from core.mixer.effects import channel_band, channel_dose, format_layers
from core.mixer.layer_ranges import parse_layers
from core.mixer.mixer import Channel
from core.mixer.numbers import finite_number
from steertui.cli.prepared import ChatSetup
from steertui.mixer_options import ChannelSpec, build_mixer, read_cap, read_vector


def pop_channel_index(setup: ChatSetup, words: list[str], values: int = 0) -> int:
    """Take the channel number off a command that needs `values` more words; the only channel if none is
    named.
    """
    count = len(setup.mixer.channels)
    named = len(words) > values and words[0].isdecimal()
    number = int(words.pop(0)) if named else count
    if not 1 <= number <= count or (count > 1 and not named):
        raise UsageError(f"which channel? there are {count}, /vectors shows their numbers")
    return number - 1


def run_command(setup: ChatSetup, line: str) -> str:
    """Run one line such as `/scale 2 0.5` and return what to print."""
    name, *words = line[1:].split()
    if name not in COMMANDS:
        raise UsageError(f"there is no /{name}; /help lists what there is")
    return COMMANDS[name].act(setup, words) or _render_mixer(setup)


def _add(setup: ChatSetup, words: list[str]) -> None:
    spec = read_vector(_single_word(words, "/add VECTOR[:SCALE[@LAYERS]]"))
    (channel,) = build_mixer([spec], setup.load_vector, setup.n_layers).channels
    setup.set_mixer(setup.mixer.add(channel))


def _remove(setup: ChatSetup, words: list[str]) -> None:
    setup.set_mixer(setup.mixer.remove(pop_channel_index(setup, words)))


def _scale(setup: ChatSetup, words: list[str]) -> None:
    index = pop_channel_index(setup, words, 1)
    setup.set_mixer(setup.mixer.scale(index, finite_number("scale", _single_word(words, "/scale N NUMBER"))))


def _gain(setup: ChatSetup, words: list[str]) -> None:
    index = pop_channel_index(setup, words, 1)
    word = _single_word(words, "/gain N NUMBER, or /gain N off")
    setup.set_mixer(setup.mixer.gain(index, None if word == "off" else finite_number("gain", word)))


def _band(setup: ChatSetup, words: list[str]) -> None:
    index = pop_channel_index(setup, words, 1)
    setup.set_mixer(
        setup.mixer.band(index, parse_layers(_single_word(words, "/band N LAYERS"), setup.n_layers))
    )


def _cap(setup: ChatSetup, words: list[str]) -> None:
    index = pop_channel_index(setup, words, 1)
    bounds = _single_word(words, "/cap N floor=X,ceiling=Y, or /cap N off")
    spec = ChannelSpec("") if bounds == "off" else read_cap(f"channel:{bounds}")
    setup.set_mixer(setup.mixer.cap(index, floor=spec.floor, ceiling=spec.ceiling))


def _unit(setup: ChatSetup, words: list[str]) -> None:
    index = pop_channel_index(setup, words, 1)
    setup.set_mixer(
        setup.mixer.edit(index, unit=_single_word(words, "/unit N relative, natural, unit or raw"))
    )


def _flip(setup: ChatSetup, words: list[str]) -> None:
    setup.set_mixer(setup.mixer.flip(pop_channel_index(setup, words)))


def _mute(setup: ChatSetup, words: list[str]) -> None:
    index = pop_channel_index(setup, words)
    setup.set_mixer(setup.mixer.mute(index, not setup.mixer.channels[index].muted))


def _solo(setup: ChatSetup, words: list[str]) -> None:
    index = pop_channel_index(setup, words)
    setup.set_mixer(setup.mixer.solo(index, not setup.mixer.channels[index].solo))


def _bypass(setup: ChatSetup, words: list[str]) -> None:
    setup.set_mixer(setup.mixer.bypass(not setup.mixer.bypassed))


def _vectors(setup: ChatSetup, words: list[str]) -> str:
    return _render_mixer(setup)


def _new(setup: ChatSetup, words: list[str]) -> str:
    setup.start_session()
    return "a new conversation"


def _system(setup: ChatSetup, words: list[str]) -> str:
    setup.settings["system"] = " ".join(words) or None
    return _new(setup, [])


def _undo(setup: ChatSetup, words: list[str]) -> str:
    setup.undo()
    return "the last turn is taken back"


def _help(setup: ChatSetup, words: list[str]) -> str:
    return "\n".join(f"/{name:<8} {command.help}" for name, command in COMMANDS.items())


@dataclass(frozen=True)
class SlashCommand:
    """A slash command; if it returns nothing, the channels are printed."""

    act: Callable[[ChatSetup, list[str]], str | None]
    help: str


COMMANDS: dict[str, SlashCommand] = {
    "help": SlashCommand(_help, "this list; /quit or ctrl+d leaves, ctrl+c stops an answer"),
    "vectors": SlashCommand(_vectors, "the channels and their settings"),
    "add": SlashCommand(_add, "VECTOR[:SCALE[@LAYERS]]: one more channel"),
    "remove": SlashCommand(_remove, "N: a channel out of the mixer"),
    "scale": SlashCommand(_scale, "N NUMBER: set the scale"),
    "flip": SlashCommand(_flip, "N: flip the vector"),
    "gain": SlashCommand(_gain, "N NUMBER: multiply the projection, 0 ablates; off"),
    "cap": SlashCommand(_cap, "N floor=X,ceiling=Y: keep the projection within bounds; off"),
    "band": SlashCommand(_band, "N LAYERS: the layers it acts on"),
    "unit": SlashCommand(_unit, "N relative, natural, unit or raw: what a scale of 1 means"),
    "mute": SlashCommand(_mute, "N: on and off"),
    "solo": SlashCommand(_solo, "N: this one alone, on and off"),
    "bypass": SlashCommand(_bypass, "the whole mixer on and off"),
    "system": SlashCommand(_system, "TEXT: a new conversation under this system prompt"),
    "undo": SlashCommand(_undo, "take the last turn back"),
    "new": SlashCommand(_new, "forget the conversation"),
}


def _single_word(words: list[str], usage: str) -> str:
    if len(words) != 1:
        raise UsageError(f"write {usage}")
    return words[0]


def _render_mixer(setup: ChatSetup) -> str:
    """One line per channel, and one if the mixer is bypassed."""
    lines = [_render_channel(setup, i, channel) for i, channel in enumerate(setup.mixer.channels)]
    if setup.mixer.bypassed:
        lines.append("all bypassed")
    return "\n".join(lines) or "no channels; /add VECTOR adds one"


def _render_channel(setup: ChatSetup, index: int, channel: Channel) -> str:
    words = [f"{index + 1} {channel.label}", f"{channel.scale:+g} {channel.unit}"]
    words.append(f"layers {format_layers(channel_band(channel, setup.n_layers))}")
    if channel.scale:
        words.append(
            f"{channel_dose(channel, setup.n_layers, lambda: setup.residual_norms)[1]:.2f} ‖h‖ in total"
        )
    if channel.gain is not None:
        words.append(f"gain {channel.gain:g}")
    if channel.is_capped:
        words.append(f"cap {channel.floor} to {channel.ceiling}")
    words += [state for state in ("flipped", "muted", "solo") if getattr(channel, state)]
    return ", ".join(words)
