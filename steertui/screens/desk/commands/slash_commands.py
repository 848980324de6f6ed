"""Slash commands of the desk: every palette action by its id, and short names for some."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from core.errors import UsageError
from steertui import commands
from steertui.screens.desk.commands import rewind
from steertui.screens.desk.dialogs import add_vector, distractor, mixers, model, readers
from steertui.screens.desk.dialogs.sampling import NEW
from steertui.screens.desk.mixer import caps
from steertui.screens.desk.mixer import edits as hands

if TYPE_CHECKING:
    from steertui.screens.desk.screen import Desk

LONGEST_LIST = 8
PLACES = (commands.EVERYWHERE, commands.BOTH, commands.PLAY)


@dataclass(frozen=True)
class Word:
    """A short command; `usage` describes its argument."""

    usage: str
    help: str
    act: Callable[[Desk, str], None]


def obey(desk: Desk, line: str) -> None:
    """Run one line; raises if there is no such command."""
    name, _, rest = line[1:].strip().partition(" ")
    if name in WORDS:
        WORDS[name].act(desk, rest.strip())
    elif name in _actions():
        desk.run_worker(desk.run_action(_actions()[name].action), exit_on_error=False)
    else:
        raise UsageError(f"there is no /{name}; to send it to the model, begin with a space")


def offered(text: str) -> list[tuple[str, str]]:
    """(text to type, what it does) for a line that begins with a slash, best matches first."""
    name, space, _ = text[1:].partition(" ")
    if space:
        return [(f"/{name} {WORDS[name].usage}", WORDS[name].help)] if name in WORDS else []
    short = [
        (f"/{word} {each.usage}".rstrip(), each.help) for word, each in WORDS.items() if word.startswith(name)
    ]
    ids = [(f"/{each.id}", each.title) for each in _actions().values() if _fits(name, each)]
    return [*short, *ids][:LONGEST_LIST]


def completed(text: str, choice: str) -> str:
    """The line with the chosen command filled in."""
    word = choice.split(" ")[0]
    return f"{word} " if word[1:] in WORDS and WORDS[word[1:]].usage else word


def _fits(name: str, command: commands.Command) -> bool:
    return name.lower() in command.id or (len(name) > 1 and name.lower() in command.title.lower())


def _actions() -> dict[str, commands.Command]:
    return {each.id: each for each in commands.palette(*PLACES)}


def _set(name: str, read: Callable[[str], Any]) -> Callable[[Desk, str], None]:
    """A command that changes one setting of the next answers."""

    def act(desk: Desk, text: str) -> None:
        desk.talk.set(replace(desk.talk.sampling, **{name: read(text)}))

    return act


def _turn(change: Callable[[hands.Board, str], hands.Edit]) -> Callable[[Desk, str], None]:
    """A command that edits the selected strip."""

    def act(desk: Desk, text: str) -> None:
        edit = change(desk.rack.board, text)
        desk.rack.attempt(lambda: edit)

    return act


def _gain(board: hands.Board, text: str) -> hands.Edit:
    gain = readers.unless("off", readers.number)(text)
    after = board.edit(gain=gain)
    return hands.Edit(after, f"{board.channel.label} → gain {'off' if gain is None else f'×{gain:g}'}")


def _rewind(desk: Desk, text: str) -> None:
    desk.talk.rewound = readers.at_least_one(text or str(desk.talk.rewound))
    rewind.again(desk)


def _distract(desk: Desk, text: str) -> None:
    """Insert the text now as a user turn; without a text, open the dialog."""
    if not text:
        distractor.ask(desk)
        return
    distractor.throw(desk, distractor.Distractor(text, "user", now=True))


def _engine(op: str, key: str, desk: Desk, text: str) -> None:
    if not text:
        raise UsageError(f"write /{op} and then the words")
    desk.ask(op, **{key: text})


def _add(desk: Desk, text: str) -> None:
    if not text:
        add_vector.add_vector(desk)
        return
    desk.later(add_vector.play(desk, text))


def _tempo(desk: Desk, text: str) -> None:
    desk.talk.set_tempo(readers.count(text))


def _scale(board: hands.Board, text: str) -> hands.Edit:
    return hands.set_shown(board, readers.number(text))


def _cap(board: hands.Board, text: str) -> hands.Edit:
    return caps.hold(board, caps.parse(board, text))


def _model(desk: Desk, text: str) -> None:
    if text:
        model.load(desk, text)
    else:
        model.ask(desk)


def _mixer(desk: Desk, text: str) -> None:
    if text:
        mixers.load(desk, text)
    else:
        mixers.ask(desk)


_ANY_SEED = readers.unless(NEW, readers.count)

WORDS: Mapping[str, Word] = {
    "system": Word("TEXT", "the system prompt of the next answers", _set("system", str)),
    "temperature": Word("X", "0 takes the likeliest token", _set("temperature", readers.not_negative)),
    "top-p": Word("X", "the likeliest tokens that make up this share", _set("top_p", readers.share)),
    "top-k": Word("N", "so many of the likeliest tokens", _set("top_k", readers.count)),
    "seed": Word(f"N|{NEW}", "a number, or another one at every answer", _set("seed", _ANY_SEED)),
    "max": Word("N", "the longest answer in tokens", _set("max_new_tokens", readers.at_least_one)),
    "tempo": Word("N", "maximum tokens per second; 0: no limit", _tempo),
    "prefill": Word("TEXT", "first words of the next answers", _set("prefill", str)),
    "add": Word("VECTOR", "a strip for a vector of the library or a file", _add),
    "scale": Word("X", "the scale of the selected strip", _turn(_scale)),
    "gain": Word("X|off", "of the selected strip: 0 ablates, -1 reflects", _turn(_gain)),
    "cap": Word("BOUNDS", ">0.5, <p75, paper, small model, neutral, off", _turn(_cap)),
    "rewind": Word("N", "take back the last tokens and go on", _rewind),
    "distract": Word("TEXT", "insert it as a user turn", _distract),
    "model": Word("NAME", "load a model; dtype=… and the like may follow", _model),
    "mixer": Word("NAME", "load a whole mixer by name or file", _mixer),
    "note": Word("TEXT", "a note in the record", partial(_engine, "note", "text")),
    "mark": Word("TEXT", "a marker in the record", partial(_engine, "mark", "label")),
}
