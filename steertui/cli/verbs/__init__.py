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
    "card": Verb("steertui.cli.verbs.card", "say what a vector file is, without a model"),
    "convert": Verb("steertui.cli.verbs.convert", "write a vector in another format"),
    "check": Verb("steertui.cli.verbs.check", "is this vector any good, and at which doses"),
    "contrast": Verb("steertui.cli.verbs.contrast", "list, show and make contrast sets"),
    "extract": Verb("steertui.cli.verbs.extract", "a vector from a contrast set, or from two models"),
    "diff": Verb("steertui.cli.verbs.diff", "what a fine-tuning changed, matrix by matrix"),
    "themes": Verb("steertui.cli.verbs.themes", "does a direction say what its fine-tuning said"),
    "run": Verb("steertui.cli.verbs.run", "experiments: alone it lists them"),
    "library": Verb("steertui.cli.verbs.library", "list, add, rename, note, rm, cosines, decompose"),
    "say": Verb("steertui.cli.verbs.say", "one answer on stdout, nothing else"),
    "chat": Verb("steertui.cli.verbs.chat", "talk in a plain terminal loop, no screen control"),
    "attach": Verb("steertui.cli.verbs.attach", "open the app on an engine that runs already"),
    "ls": Verb("steertui.cli.verbs.ls", "list the engines that run"),
    "stop": Verb("steertui.cli.verbs.stop", "end an engine"),
    "sessions": Verb(
        "steertui.cli.verbs.sessions", "list, search, show, replay, branch, verify, export what was recorded"
    ),
    "engine": Verb("steertui.cli.verbs.engine", None),
    "models": Verb("steertui.cli.verbs.models", "list the demo and the cached models"),
    "doctor": Verb("steertui.cli.verbs.doctor", "report on versions, devices, folders and the terminal"),
    "path": Verb("steertui.cli.verbs.path", "print the folders in use"),
}
