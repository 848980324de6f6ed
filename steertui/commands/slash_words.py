"""The slash language: one table of words for the desk's prompt and the plain chat, and how a line is read.

A strip or channel is named by its number, counted from 1. Without a number a word acts on the selected strip of the
desk, and in the chat on the only channel.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from core.errors import UsageError
from sessions.state.answer_settings import CONVERSATION, SETTINGS, SettingSpec

DESK, CHAT = "desk", "chat"


@dataclass(frozen=True)
class SlashWord:
    """A word. `usage` describes its argument, optional parts in brackets; `helps` says for each place where the
    word works what it does there.
    """

    usage: str
    helps: Mapping[str, str]

    @property
    def needs_argument(self) -> bool:
        return bool(re.sub(r"\[[^\[\]]*\]", "", self.usage).strip())


def _everywhere(usage: str, help_line: str) -> SlashWord:
    return SlashWord(usage, {DESK: help_line, CHAT: help_line})


def _at_desk(usage: str, help_line: str) -> SlashWord:
    return SlashWord(usage, {DESK: help_line})


def _in_chat(usage: str, help_line: str) -> SlashWord:
    return SlashWord(usage, {CHAT: help_line})


def _setting_word(spec: SettingSpec) -> SlashWord:
    """The word that changes one setting of the next answers."""
    if spec.kind == "seed":
        often = {DESK: "another one at every answer", CHAT: "another one now"}
        return SlashWord(
            f"{spec.metavar}|new", {place: f"{spec.help}; new: {said}" for place, said in often.items()}
        )
    begins = "; begins a new conversation" if spec.scope == CONVERSATION else ""
    return SlashWord(str(spec.metavar), {DESK: spec.help, CHAT: spec.help + begins})


SLASH_WORDS: Mapping[str, SlashWord] = {
    "help": _in_chat("", "this list; /quit or ctrl+d leaves, ctrl+c stops an answer"),
    "vectors": _in_chat("", "the channels and their settings"),
    **{spec.slash: _setting_word(spec) for spec in SETTINGS.values() if spec.slash},
    "tempo": _at_desk("N", "maximum tokens per second; 0: no limit"),
    "add": _everywhere("VECTOR[:SCALE[@LAYERS]]", "one more channel, from the library or a file"),
    "mix": _everywhere("[MIX]", "play a mixer written as one line; alone: the line of the one that plays"),
    "remove": _everywhere("[N]", "a channel out of the mixer"),
    "scale": _everywhere("[N] X", "the scale; the sign is along the vector as loaded"),
    "flip": _everywhere("[N]", "flip the vector"),
    "gain": _everywhere("[N] X|off", "multiply the projection: 0 ablates, -1 reflects"),
    "cap": _everywhere("[N] BOUNDS|off", ">0.5, <p75, floor=X,ceiling=Y, paper, small model, neutral"),
    "band": _everywhere("[N] LAYERS", "the layers it acts on: 3-8,12 or 40%-85%"),
    "unit": _everywhere("[N] UNIT", "relative, natural, unit or raw: what a scale of 1 means"),
    "mute": _everywhere("[N]", "on and off"),
    "solo": _everywhere("[N]", "this one alone, on and off"),
    "bypass": _everywhere("", "the whole mixer on and off"),
    "rewind": _at_desk("N", "take back the last tokens and go on"),
    "distract": _at_desk("TEXT", "insert it as a user turn"),
    "model": _at_desk("NAME", "load a model; dtype=… and the like may follow"),
    "mixer": _at_desk("NAME", "load a whole mixer by name or file"),
    "note": _at_desk("TEXT", "a note in the record"),
    "mark": _at_desk("TEXT", "a marker in the record"),
    "undo": _in_chat("", "take the last turn back"),
    "new": _in_chat("", "forget the conversation"),
}


def words_at(place: str) -> dict[str, SlashWord]:
    """The words that work at this place."""
    return {name: word for name, word in SLASH_WORDS.items() if place in word.helps}


def split_line(line: str) -> tuple[str, str]:
    """The word of a line that begins with a slash, and the rest."""
    name, _, rest = line[1:].strip().partition(" ")
    return name, rest.strip()


def split_number(name: str, text: str, count: int, selected: int | None) -> tuple[int, str]:
    """The index of the channel that a word acts on, and its value. A single number is the value where the word
    needs one.
    """
    head, _, rest = text.partition(" ")
    # `/gain 2` sets 2 on the selected channel, while `/mute 2` names channel 2.
    named = head.isdecimal() and (bool(rest.strip()) or not SLASH_WORDS[name].needs_argument)
    index = int(head) - 1 if named else selected
    if index is None or not 0 <= index < count:
        raise UsageError(f"which channel? there are {count}, numbered from 1")
    return index, rest.strip() if named else text


def usage_line(name: str) -> str:
    """How a word is written."""
    return f"write /{name} {SLASH_WORDS[name].usage}".rstrip()
