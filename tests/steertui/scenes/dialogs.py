"""What is asked over the desk: every list, every form and every line that opens above it."""

from __future__ import annotations

from textual.command import CommandPalette
from textual.widgets import Input

from steertui.screens.appearance import ThemeDialog
from steertui.screens.ask import InputDialog
from steertui.screens.desk.dialogs.cap_dialog import CapDialog
from steertui.screens.desk.dialogs.form import DeskForm
from steertui.screens.desk.dialogs.mixers import SavedMixersDialog
from steertui.screens.keys import HelpScreen
from steertui.screens.pick import ChoiceDialog
from tests.steertui.scenes import shelves
from tests.steertui.scenes.desk import QUESTION, add, over, steered
from tests.steertui.scenes.scene import Play, scene


async def opened(play: Play, command: str, kind: type[object]) -> None:
    play.at.desk.action_do(command)
    await play.until_screen(kind)


@scene("dialog-vectors", before=shelves.vectors)
async def add_vector(play: Play) -> None:
    await play.at.ready()
    await opened(play, "vector.add", ChoiceDialog)


@scene("dialog-models")
async def models(play: Play) -> None:
    await play.at.ready()
    await opened(play, "model.open", ChoiceDialog)


@scene("dialog-sampling", before=shelves.settings)
async def sampling(play: Play) -> None:
    await play.at.ready()
    await opened(play, "answer.sampling", DeskForm)


@scene("dialog-sampling-wrong")
async def sampling_wrong(play: Play) -> None:
    await play.at.ready()
    await opened(play, "answer.sampling", DeskForm)
    play.app.screen.query_one("#field-top_p", Input).value = play.words("typed", "1.7")
    await play.at.press("enter")


@scene("dialog-presets", before=shelves.saved_mixers)
async def presets(play: Play) -> None:
    await add(play, "pirate")
    await opened(play, "mixers.open", SavedMixersDialog)


@scene("dialog-distractor", before=shelves.distractions)
async def distractor(play: Play) -> None:
    await play.at.ready()
    await opened(play, "inject.open", ChoiceDialog)


@scene("dialog-distractor-how")
async def distractor_how(play: Play) -> None:
    await steered(play)
    await opened(play, "inject.open", ChoiceDialog)
    await play.at.press("enter")


@scene("dialog-scale")
async def scale(play: Play) -> None:
    await add(play, "pirate")
    await opened(play, "scale.exact", InputDialog)
    play.app.screen.query_one(Input).value = play.words("typed", "loud")
    await play.at.press("enter")


@scene("dialog-cap")
async def cap(play: Play) -> None:
    await add(play, "pirate")
    await opened(play, "strip.threshold", CapDialog)


@scene("dialog-strip")
async def strip(play: Play) -> None:
    await add(play, "pirate")
    await opened(play, "strip.form", DeskForm)


@scene("dialog-rewind")
async def rewind(play: Play) -> None:
    await steered(play)
    await over(play)
    await opened(play, "rewind.open", InputDialog)


@scene("dialog-history", before=shelves.history)
async def history(play: Play) -> None:
    await play.at.ready()
    await play.at.type(play.words("prompt", QUESTION))
    await opened(play, "prompt.search", ChoiceDialog)


@scene("dialog-leave")
async def leave(play: Play) -> None:
    await play.at.ready()
    await play.app.run_action("leave")
    await play.until_screen(ChoiceDialog)


@scene("dialog-theme")
async def theme(play: Play) -> None:
    await play.at.ready()
    await play.app.run_action("looks")
    await play.until_screen(ThemeDialog)


@scene("palette")
async def palette(play: Play) -> None:
    await play.at.ready()
    await play.app.run_action("palette")
    await play.until_screen(CommandPalette)
    await play.at.sees("Stop the answer")


@scene("help")
async def keys(play: Play) -> None:
    await play.at.ready()
    await play.app.run_action("help")
    await play.until_screen(HelpScreen)
