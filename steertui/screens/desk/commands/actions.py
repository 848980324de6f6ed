"""Every command of the desk by its id: keys, palette and slash commands all run these functions.

A command that cannot be run raises an error, which the caller shows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from core.errors import SteerError, UsageError
from steertui.screens.copy_text import yank
from steertui.screens.desk.commands import compare_branches, rewind, token_actions
from steertui.screens.desk.dialogs import add_vector, distractor, mixers, model, sampling_form, strip
from steertui.screens.desk.dialogs.cap_dialog import CAP_KEYS
from steertui.screens.desk.mixer import edits
from steertui.screens.desk.mixer.edits import EDITS
from steertui.terminal import editor
from steertui.text import safe_text
from steertui.widgets.mixer.strip_face import doses

if TYPE_CHECKING:
    from steertui.screens.desk.screen import Desk


def stop(desk: Desk) -> None:
    """Stop the answer; else clear the token selection; else change between PLAY and TYPE."""
    if desk.answering:
        desk.later(desk.talk.hush())
    elif desk.page.release():
        return
    elif desk.modes.name == "PLAY":
        desk.modes.type()
    elif not desk.talk.leave_edit():
        desk.modes.play()


def interrupt(desk: Desk) -> None:
    if desk.get_selected_text():
        desk.action_copy_text()
    elif desk.answering:
        stop(desk)
    else:
        add_vector.leave(desk)


def pause(desk: Desk) -> None:
    running = desk.link.state.running
    if running:
        desk.ask("pause", paused=not running.paused)


def restart(desk: Desk) -> None:
    """Restart a lost engine; with a running one, search earlier prompts (same key)."""
    if desk.link.up:
        add_vector.search(desk)
    else:
        desk.link.forget()
        desk.listen()


def take_control(desk: Desk) -> None:
    desk.ask("take_control")


def new_session(desk: Desk) -> None:
    desk.ask("session.new")


def copy(desk: Desk) -> None:
    yank(desk.app, desk.transcript.document.last_answer(), desk.warn)


def toggle_rack(desk: Desk) -> None:
    desk.toggle_class("-no-rack")


def go_to_prompt(desk: Desk) -> None:
    desk.modes.type()


def edit_prompt(desk: Desk) -> None:
    """Open the editor after the letters typed just before have reached the prompt."""
    desk.call_later(desk.prompt.call_later, desk.lag.then, desk, partial(_to_editor, desk))


def _to_editor(desk: Desk) -> None:
    """Edit the prompt in the user's own editor."""
    try:
        text = editor.edited(desk.app, desk.prompt.text)
    except SteerError as error:
        desk.warn(str(error))
        return
    desk.prompt.load_text(text)
    desk.modes.type()


def cap(desk: Desk) -> None:
    """Turn the cap off or on; if there is no cap yet, open its dialog."""
    if desk.rack.toggle_cap():
        said = edits.cap_words(desk.rack.board.channel)
        desk.notify(safe_text(f"{said}; {CAP_KEYS}"), markup=False)
    else:
        add_vector.threshold(desk)


def again(desk: Desk, new_seed: bool = False) -> None:
    """Generate another answer and notify the user how to get back to this one."""
    desk.talk.again(new_seed=new_seed)
    if any(turn.gen is not None for turn in desk.link.state.path(desk.feed.shown)):
        desk.notify(
            "another answer; the one before is kept: v and V compare the branches, A puts one beside",
            markup=False,
        )


def heat(desk: Desk, next_channel: bool = False) -> None:
    names = [channel.label for channel in desk.rack.board.mixer.channels]
    if not names:
        raise UsageError("heat needs a channel: a adds a vector")
    desk.page.heat(names, desk.rack.board.selected, next_channel)


def heed(desk: Desk) -> None:
    """Apply the advice of the collapse lamp; z undoes it."""
    advice = desk.page.lamp.advice
    if advice is None:
        raise UsageError("the collapse lamp has no advice now")
    desk.rack.attempt(lambda: edits.heed(desk.rack.board, advice.channel, advice.scale))


def unit(desk: Desk) -> None:
    """Change the unit of the scale and notify the user of the new number and the doses."""
    if desk.rack.edit("scale.unit"):
        now = desk.rack.board
        words = [
            f"{edits.scale_words(now.channel)}: the same push",
            *doses(now.channel, now.n_layers, now.residual),
        ]
        desk.notify(safe_text(f"{', '.join(words)}; z undoes"), markup=False)


def turn(name: str) -> Callable[[Desk], None]:
    """The action of an edit of the selected strip."""

    def turned(desk: Desk) -> None:
        desk.rack.edit(name)

    return turned


ACTIONS: Mapping[str, Callable[[Desk], None]] = {
    "engine.stop": stop,
    "engine.pause": pause,
    "engine.restart": restart,
    "engine.take": take_control,
    "app.interrupt": interrupt,
    "session.new": new_session,
    "model.open": model.ask,
    "mode.type": go_to_prompt,
    "prompt.search": add_vector.search,
    "prompt.editor": edit_prompt,
    "answer.sampling": sampling_form.ask,
    "answer.again": again,
    "answer.again_otherwise": partial(again, new_seed=True),
    "answer.edit": lambda desk: desk.talk.edit(),
    "answer.tempo": lambda desk: desk.talk.next_tempo(),
    "answer.yank": copy,
    "answer.go_on": token_actions.go_on,
    "branch.next": lambda desk: desk.talk.step(+1),
    "branch.beside": compare_branches.beside,
    "branch.previous": lambda desk: desk.talk.step(-1),
    "rewind.open": rewind.ask,
    "rewind.again": rewind.again,
    "inject.open": distractor.ask,
    "inject.again": distractor.again,
    "token.next": partial(token_actions.walk, change=+1),
    "token.previous": partial(token_actions.walk, change=-1),
    "token.next_change": partial(token_actions.jump, change=+1),
    "token.previous_change": partial(token_actions.jump, change=-1),
    "token.branch": token_actions.branch,
    "mixers.open": mixers.ask,
    "vector.add": add_vector.add_vector,
    "strip.form": strip.ask,
    "strip.cap": cap,
    "strip.threshold": add_vector.threshold,
    "scale.exact": add_vector.exact,
    "lamp.heed": heed,
    "dials.undo": lambda desk: desk.rack.undo(),
    "dials.redo": lambda desk: desk.rack.redo(),
    "bank.left": lambda desk: desk.rack.move(-1),
    "bank.right": lambda desk: desk.rack.move(+1),
    "bank.up": lambda desk: desk.rack.draw(+1, coarse=False),
    "bank.down": lambda desk: desk.rack.draw(-1, coarse=False),
    "bank.up_coarse": lambda desk: desk.rack.draw(+1, coarse=True),
    "bank.down_coarse": lambda desk: desk.rack.draw(-1, coarse=True),
    "bank.exact": add_vector.layer,
    "heat.cycle": heat,
    "heat.channel": partial(heat, next_channel=True),
    "view.shadow": lambda desk: desk.notify(desk.page.shadow.next(), markup=False),
    "view.rack": toggle_rack,
    **{name: turn(name) for name in EDITS},
    "scale.unit": unit,
}
