"""F9: the list of saved mixers, to save, load or delete one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from textual.binding import Binding

from core.errors import SteerError, UsageError
from steertui import mixers
from steertui.screens.ask import InputDialog
from steertui.screens.pick import ChoiceDialog
from steertui.widgets.choices import Choice

SAVE, GONE = "+", "\x7f"
"""What the name of no mixer begins with, nor a path that is typed."""
HINT = "enter loads · del deletes · type a file's path to load that · esc back"


@dataclass(frozen=True)
class MixerChoice:
    """What to do (`load`, `save` or `remove`) with which mixer; saving without a name asks for one."""

    verb: str
    name: str


class SavedMixersDialog(ChoiceDialog):
    """The list of saved mixers; del deletes one."""

    CSS_PATH = "../../dialogs.tcss"
    BINDINGS = [Binding("delete", "remove", "delete", priority=True)]

    def matching_choices(self, text: str) -> list[Choice]:
        """The matches; without any, an offer to save under the typed name."""
        kept, name = super().matching_choices(text), text.strip()
        savable = any(choice.key == SAVE for choice in self._choices)
        if kept or not savable or not _is_mixer_name(name):
            return kept
        return [Choice(f"{SAVE}{name}", f"save this mixer as {name}")]

    def action_remove(self) -> None:
        if self.selected_key and not self.selected_key.startswith(SAVE):
            self.dismiss(f"{GONE}{self.selected_key}")


def _is_mixer_name(text: str) -> bool:
    """Whether the text is a valid name and not a file."""
    # The path of a file is loaded, not used as a name.
    if text.endswith(mixers.SUFFIX) or Path(text).exists():
        return False
    try:
        mixers.valid_name(text)
    except SteerError:
        return False
    return True


def _check_free_name(text: str) -> str:
    """A name that is not in use; a final exclamation mark allows to replace a mixer."""
    name = mixers.valid_name(text.strip().removesuffix("!"))
    if not text.strip().endswith("!") and any(each.name == name for each in mixers.list_mixers()):
        raise UsageError(f"there is a mixer {name} already: {name}! replaces it")
    return name


def mixer_dialog(*, savable: bool) -> SavedMixersDialog:
    """The saved mixers; `savable`: the current mixer can be saved. See `read_mixer_choice`."""
    choices = [Choice(each.name, each.name, each.problem or each.words) for each in mixers.list_mixers()]
    now = [Choice(SAVE, "save this mixer as …", "")] if savable else []
    free = "type to filter, a new name, or the path of a file"
    return SavedMixersDialog("mixers", [*choices, *now], free=free, hint=HINT, wide=True)


def read_mixer_choice(key: str) -> MixerChoice:
    """The result of the dialog as plain data."""
    if key.startswith(SAVE):
        return MixerChoice("save", key.removeprefix(SAVE))
    if key.startswith(GONE):
        return MixerChoice("remove", key.removeprefix(GONE))
    return MixerChoice("load", key)


def name_dialog() -> InputDialog[str]:
    """Ask for the name of the mixer to save; `--mix` takes the file."""
    hint = "a name; steertui say --mix takes the file as well"
    return InputDialog("save this mixer as", _check_free_name, "", hint)
