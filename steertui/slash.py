"""What can be typed behind a slash in the plain chat: the dials and the conversation, between two answers.

Channels are numbered from 1 in the order they were added; where there is only one, its number may be left out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.bands import parse_layers
from core.errors import UsageError
from core.levels import band, dose, spell
from core.mixer import Channel, Mixer, finite
from steertui.options import ChannelSpec, mixer_asked_for, read_cap, read_vector
from steertui.setup import Setup

if TYPE_CHECKING:
    from core.conversation import Conversation


@dataclass
class Talk:
    """A conversation and the mixer its next answer plays."""

    setup: Setup
    conversation: Conversation
    mixer: Mixer

    def turn(self, mixer: Mixer) -> None:
        """Takes new dials if they can be played; what cannot is refused here, not in the middle of an answer."""
        self.setup.model.compiler.compile([mixer])
        self.mixer = mixer

    def pick(self, words: list[str], values: int = 0) -> int:
        """The channel named in front of the `values` a command takes; the only channel if none is named."""
        count = len(self.mixer.channels)
        named = len(words) > values and words[0].isdecimal()
        number = int(words.pop(0)) if named else count
        if not 1 <= number <= count or (count > 1 and not named):
            raise UsageError(f"which channel? there are {count}, /vectors shows their numbers")
        return number - 1


def obey(talk: Talk, line: str) -> str:
    """Carries out one line such as `/scale 2 0.5`; the answer is what to print."""
    name, *words = line[1:].split()
    if name not in COMMANDS:
        raise UsageError(f"there is no /{name}; /help lists what there is")
    return COMMANDS[name].act(talk, words) or _shown(talk)


def _add(talk: Talk, words: list[str]) -> None:
    spec, model = read_vector(_one(words, "/add VECTOR[:SCALE[@LAYERS]]")), talk.setup.model
    (channel,) = mixer_asked_for([spec], talk.setup.find, model.n_layers).channels
    talk.turn(talk.mixer.add(channel))


def _remove(talk: Talk, words: list[str]) -> None:
    talk.turn(talk.mixer.remove(talk.pick(words)))


def _scale(talk: Talk, words: list[str]) -> None:
    index = talk.pick(words, 1)
    talk.turn(talk.mixer.scale(index, finite("scale", _one(words, "/scale N NUMBER"))))


def _gain(talk: Talk, words: list[str]) -> None:
    index = talk.pick(words, 1)
    word = _one(words, "/gain N NUMBER, or /gain N off")
    talk.turn(talk.mixer.gain(index, None if word == "off" else finite("gain", word)))


def _band(talk: Talk, words: list[str]) -> None:
    index = talk.pick(words, 1)
    talk.turn(talk.mixer.band(index, parse_layers(_one(words, "/band N LAYERS"), talk.setup.model.n_layers)))


def _cap(talk: Talk, words: list[str]) -> None:
    index = talk.pick(words, 1)
    bounds = _one(words, "/cap N floor=X,ceiling=Y, or /cap N off")
    spec = ChannelSpec("") if bounds == "off" else read_cap(f"channel:{bounds}")
    talk.turn(talk.mixer.cap(index, floor=spec.floor, ceiling=spec.ceiling))


def _unit(talk: Talk, words: list[str]) -> None:
    index = talk.pick(words, 1)
    talk.turn(talk.mixer.edit(index, unit=_one(words, "/unit N relative, natural, unit or raw")))


def _flip(talk: Talk, words: list[str]) -> None:
    talk.turn(talk.mixer.flip(talk.pick(words)))


def _mute(talk: Talk, words: list[str]) -> None:
    index = talk.pick(words)
    talk.turn(talk.mixer.mute(index, not talk.mixer.channels[index].muted))


def _solo(talk: Talk, words: list[str]) -> None:
    index = talk.pick(words)
    talk.turn(talk.mixer.solo(index, not talk.mixer.channels[index].solo))


def _bypass(talk: Talk, words: list[str]) -> None:
    talk.turn(talk.mixer.bypass(not talk.mixer.bypassed))


def _vectors(talk: Talk, words: list[str]) -> str:
    return _shown(talk)


def _new(talk: Talk, words: list[str]) -> str:
    talk.conversation = talk.setup.conversation()
    return "a new conversation"


def _system(talk: Talk, words: list[str]) -> str:
    talk.setup.wording["system"] = " ".join(words) or None
    return _new(talk, [])


def _undo(talk: Talk, words: list[str]) -> str:
    talk.conversation.undo()
    return "the last turn is taken back"


def _help(talk: Talk, words: list[str]) -> str:
    return "\n".join(f"/{name:<8} {command.help}" for name, command in COMMANDS.items())


@dataclass(frozen=True)
class Command:
    """What a slash word does; one that prints nothing of its own is answered with the strips."""

    act: Callable[[Talk, list[str]], str | None]
    help: str


COMMANDS: dict[str, Command] = {
    "help": Command(_help, "this list; /quit or ctrl+d leaves, ctrl+c stops an answer"),
    "vectors": Command(_vectors, "the channels and their settings"),
    "add": Command(_add, "VECTOR[:SCALE[@LAYERS]]: one more channel"),
    "remove": Command(_remove, "N: a channel out of the mixer"),
    "scale": Command(_scale, "N NUMBER: how loud"),
    "flip": Command(_flip, "N: turn the vector around"),
    "gain": Command(_gain, "N NUMBER: multiply the projection, 0 ablates; off"),
    "cap": Command(_cap, "N floor=X,ceiling=Y: keep the projection within bounds; off"),
    "band": Command(_band, "N LAYERS: where it plays"),
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


def _shown(talk: Talk) -> str:
    """One line per channel, and a word about the bypass."""
    lines = [_strip(talk, i, channel) for i, channel in enumerate(talk.mixer.channels)]
    if talk.mixer.bypassed:
        lines.append("all bypassed")
    return "\n".join(lines) or "no channels; /add VECTOR puts one on the desk"


def _strip(talk: Talk, index: int, channel: Channel) -> str:
    model = talk.setup.model
    words = [f"{index + 1} {channel.label}", f"{channel.scale:+g} {channel.unit}"]
    words.append(f"layers {spell(band(channel, model.n_layers))}")
    if channel.scale:
        words.append(f"{dose(channel, model.n_layers, lambda: model.residual_norms)[1]:.2f} ‖h‖ in total")
    if channel.gain is not None:
        words.append(f"gain {channel.gain:g}")
    if channel.capped:
        words.append(f"cap {channel.floor} to {channel.ceiling}")
    words += [state for state in ("flipped", "muted", "solo") if getattr(channel, state)]
    return ", ".join(words)
