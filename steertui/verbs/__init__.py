"""The command line's verbs: each is one module with `add_arguments(parser)` and `run(args) -> exit code`.

A new verb is a new module and one line here. The modules are imported only when their verb is typed.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Verb:
    """Where a verb lives and the line `steertui --help` shows for it; hidden verbs have no line."""

    module: str
    help: str | None


VERBS: dict[str, Verb] = {
    "card": Verb("steertui.verbs.card", "say what a vector file is, without a model"),
    "convert": Verb("steertui.verbs.convert", "write a vector in another format"),
    "check": Verb("steertui.verbs.check", "is this vector any good, and at which doses"),
    "contrast": Verb("steertui.verbs.contrast", "list, show and make contrast sets"),
    "extract": Verb("steertui.verbs.extract", "a vector from a contrast set, or from two models"),
    "diff": Verb("steertui.verbs.diff", "what a fine-tuning changed, matrix by matrix"),
    "themes": Verb("steertui.verbs.themes", "does a direction say what its fine-tuning said"),
    "run": Verb("steertui.verbs.run", "experiments: alone it lists them"),
    "library": Verb("steertui.verbs.library", "list, add, rename, note, rm, cosines, decompose"),
    "say": Verb("steertui.verbs.say", "one answer on stdout, nothing else"),
    "chat": Verb("steertui.verbs.chat", "talk in a plain terminal loop, no screen control"),
    "attach": Verb("steertui.verbs.attach", "open the app on an engine that runs already"),
    "ls": Verb("steertui.verbs.ls", "list the engines that run"),
    "stop": Verb("steertui.verbs.stop", "end an engine"),
    "sessions": Verb(
        "steertui.verbs.sessions", "list, search, show, replay, branch, verify, export what was recorded"
    ),
    "engine": Verb("steertui.verbs.engine", None),
    "models": Verb("steertui.verbs.models", "list the demo and the cached models"),
    "doctor": Verb("steertui.verbs.doctor", "report on versions, devices, folders and the terminal"),
    "path": Verb("steertui.verbs.path", "print the folders in use"),
}
