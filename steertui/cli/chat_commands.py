"""Slash commands of the plain chat: change the mixer or the conversation between two answers.

Channels are numbered from 1 in the order they were added; the number may be left out when there is only
one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from core.errors import UsageError
from core.mixer.effects import band, dose, spell
from core.mixer.layer_ranges import parse_layers
from core.mixer.mixer import Channel, finite
from steertui.cli.prepared import Setup
from steertui.mixer_options import ChannelSpec, mixer_asked_for, read_cap, read_vector


def pick(setup: Setup, words: list[str], values: int = 0) -> int:
    """Take the channel number off a command that needs `values` more words; the only channel if none is
    named.
    """
    count = len(setup.mixer.channels)
    named = len(words) > values and words[0].isdecimal()
    number = int(words.pop(0)) if named else count
    if not 1 <= number <= count or (count > 1 and not named):
        raise UsageError(f"which channel? there are {count}, /vectors shows their numbers")
    return number - 1


def obey(setup: Setup, line: str) -> str:
    """Run one line such as `/scale 2 0.5` and return what to print."""
    name, *words = line[1:].split()
    if name not in COMMANDS:
        raise UsageError(f"there is no /{name}; /help lists what there is")
    return COMMANDS[name].act(setup, words) or _shown(setup)


def _add(setup: Setup, words: list[str]) -> None:
    spec = read_vector(_one(words, "/add VECTOR[:SCALE[@LAYERS]]"))
    (channel,) = mixer_asked_for([spec], setup.find, setup.n_layers).channels
    setup.turn(setup.mixer.add(channel))


def _remove(setup: Setup, words: list[str]) -> None:
    setup.turn(setup.mixer.remove(pick(setup, words)))


def _scale(setup: Setup, words: list[str]) -> None:
    index = pick(setup, words, 1)
    setup.turn(setup.mixer.scale(index, finite("scale", _one(words, "/scale N NUMBER"))))


def _gain(setup: Setup, words: list[str]) -> None:
    index = pick(setup, words, 1)
    word = _one(words, "/gain N NUMBER, or /gain N off")
    setup.turn(setup.mixer.gain(index, None if word == "off" else finite("gain", word)))


def _band(setup: Setup, words: list[str]) -> None:
    index = pick(setup, words, 1)
    setup.turn(setup.mixer.band(index, parse_layers(_one(words, "/band N LAYERS"), setup.n_layers)))


def _cap(setup: Setup, words: list[str]) -> None:
    index = pick(setup, words, 1)
    bounds = _one(words, "/cap N floor=X,ceiling=Y, or /cap N off")
    spec = ChannelSpec("") if bounds == "off" else read_cap(f"channel:{bounds}")
    setup.turn(setup.mixer.cap(index, floor=spec.floor, ceiling=spec.ceiling))


def _unit(setup: Setup, words: list[str]) -> None:
    index = pick(setup, words, 1)
    setup.turn(setup.mixer.edit(index, unit=_one(words, "/unit N relative, natural, unit or raw")))


def _flip(setup: Setup, words: list[str]) -> None:
    setup.turn(setup.mixer.flip(pick(setup, words)))


def _mute(setup: Setup, words: list[str]) -> None:
    index = pick(setup, words)
    setup.turn(setup.mixer.mute(index, not setup.mixer.channels[index].muted))


def _solo(setup: Setup, words: list[str]) -> None:
    index = pick(setup, words)
    setup.turn(setup.mixer.solo(index, not setup.mixer.channels[index].solo))


def _bypass(setup: Setup, words: list[str]) -> None:
    setup.turn(setup.mixer.bypass(not setup.mixer.bypassed))


def _vectors(setup: Setup, words: list[str]) -> str:
    return _shown(setup)


def _new(setup: Setup, words: list[str]) -> str:
    setup.fresh()
    return "a new conversation"


def _system(setup: Setup, words: list[str]) -> str:
    setup.settings["system"] = " ".join(words) or None
    return _new(setup, [])


def _undo(setup: Setup, words: list[str]) -> str:
    setup.undo()
    return "the last turn is taken back"


def _help(setup: Setup, words: list[str]) -> str:
    return "\n".join(f"/{name:<8} {command.help}" for name, command in COMMANDS.items())


@dataclass(frozen=True)
class Command:
    """A slash command; if it returns nothing, the channels are printed."""

    act: Callable[[Setup, list[str]], str | None]
    help: str


COMMANDS: dict[str, Command] = {
    "help": Command(_help, "this list; /quit or ctrl+d leaves, ctrl+c stops an answer"),
    "vectors": Command(_vectors, "the channels and their settings"),
    "add": Command(_add, "VECTOR[:SCALE[@LAYERS]]: one more channel"),
    "remove": Command(_remove, "N: a channel out of the mixer"),
    "scale": Command(_scale, "N NUMBER: set the scale"),
    "flip": Command(_flip, "N: flip the vector"),
    "gain": Command(_gain, "N NUMBER: multiply the projection, 0 ablates; off"),
    "cap": Command(_cap, "N floor=X,ceiling=Y: keep the projection within bounds; off"),
    "band": Command(_band, "N LAYERS: the layers it acts on"),
    "unit": Command(_unit, "N relative, natural, unit or raw: what a scale of 1 means"),
    "mute": Command(_mute, "N: on and off"),
    "solo": Command(_solo, "N: this one alone, on and off"),
    "bypass": Command(_bypass, "the whole mixer on and off"),
    "system": Command(_system, "TEXT: a new conversation under this system prompt"),
    "undo": Command(_undo, "take the last turn back"),
    "new": Command(_new, "forget the conversation"),
}


def _one(words: list[str], usage: str) -> str:
    if len(words) != 1:
        raise UsageError(f"write {usage}")
    return words[0]


def _shown(setup: Setup) -> str:
    """One line per channel, and one if the mixer is bypassed."""
    lines = [_strip(setup, i, channel) for i, channel in enumerate(setup.mixer.channels)]
    if setup.mixer.bypassed:
        lines.append("all bypassed")
    return "\n".join(lines) or "no channels; /add VECTOR adds one"


def _strip(setup: Setup, index: int, channel: Channel) -> str:
    words = [f"{index + 1} {channel.label}", f"{channel.scale:+g} {channel.unit}"]
    words.append(f"layers {spell(band(channel, setup.n_layers))}")
    if channel.scale:
        words.append(f"{dose(channel, setup.n_layers, lambda: setup.residual_norms)[1]:.2f} ‖h‖ in total")
    if channel.gain is not None:
        words.append(f"gain {channel.gain:g}")
    if channel.capped:
        words.append(f"cap {channel.floor} to {channel.ceiling}")
    words += [state for state in ("flipped", "muted", "solo") if getattr(channel, state)]
    return ", ".join(words)
