"""Every command of the desk by its id: keys, palette and slash commands all run these functions.

A command that cannot be run raises an error, which the caller shows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from core.errors import SteerError, UsageError
from steertui.screens.copy_text import copy_or_warn
from steertui.screens.desk.commands import compare_branches, rewind, token_actions
from steertui.screens.desk.dialogs import add_vector, distractor, mixers, model, sampling_form, strip
from steertui.screens.desk.dialogs.cap_dialog import CAP_KEYS
from steertui.screens.desk.mixer import edits
from steertui.screens.desk.mixer.edits import EDITS
from steertui.terminal import editor
from steertui.text import safe_text
from steertui.widgets.mixer.strip_face import dose_texts

if TYPE_CHECKING:
    from steertui.screens.desk.screen import DeskScreen


def stop_answer(desk: DeskScreen) -> None:
    """Stop the answer; else clear the token selection; else change between PLAY and TYPE."""
    if desk.answering:
        desk.run_async(desk.composer.cancel_answer())
    elif desk.transcript_panel.release_selection():
        return
    elif desk.modes.name == "PLAY":
        desk.modes.enter_type()
    elif not desk.composer.leave_edit():
        desk.modes.enter_play()


def interrupt_answer(desk: DeskScreen) -> None:
    if desk.get_selected_text():
        desk.action_copy_text()
    elif desk.answering:
        stop_answer(desk)
    else:
        add_vector.open_leave_dialog(desk)


def toggle_pause(desk: DeskScreen) -> None:
    running = desk.link.state.running
    if running:
        desk.request("pause", paused=not running.paused)


def restart_or_search(desk: DeskScreen) -> None:
    """Restart a lost engine; with a running one, search earlier prompts (same key)."""
    if desk.link.connected:
        add_vector.search_prompts(desk)
    else:
        desk.link.prepare_restart()
        desk.listen()


def take_control(desk: DeskScreen) -> None:
    desk.request("take_control")


def new_session(desk: DeskScreen) -> None:
    desk.request("session.new")


def copy_answer(desk: DeskScreen) -> None:
    copy_or_warn(desk.app, desk.transcript.document.last_answer(), desk.warn)


def toggle_mixer_panel(desk: DeskScreen) -> None:
    desk.toggle_class("-no-rack")


def focus_prompt(desk: DeskScreen) -> None:
    desk.modes.enter_type()


def edit_prompt(desk: DeskScreen) -> None:
    """Open the editor after the letters typed just before have reached the prompt."""
    desk.call_later(desk.prompt.call_later, desk.lag.run_after_reply, desk, partial(_open_editor, desk))


def _open_editor(desk: DeskScreen) -> None:
    """Edit the prompt in the user's own editor."""
    try:
        text = editor.edit_text(desk.app, desk.prompt.text)
    except SteerError as error:
        desk.warn(str(error))
        return
    desk.prompt.load_text(text)
    desk.modes.enter_type()


def toggle_cap(desk: DeskScreen) -> None:
    """Turn the cap off or on; if there is no cap yet, open its dialog."""
    if desk.mixer_panel.toggle_cap():
        said = edits.cap_words(desk.mixer_panel.board.channel)
        desk.notify(safe_text(f"{said}; {CAP_KEYS}"), markup=False)
    else:
        add_vector.open_cap_dialog(desk)


def regenerate_answer(desk: DeskScreen, new_seed: bool = False) -> None:
    """Generate another answer and notify the user how to get back to this one."""
    desk.composer.regenerate(new_seed=new_seed)
    if any(turn.gen is not None for turn in desk.link.state.path(desk.feed.shown_turn)):
        desk.notify(
            "another answer; the one before is kept: v and V compare the branches, A puts one beside",
            markup=False,
        )


def cycle_heat(desk: DeskScreen, next_channel: bool = False) -> None:
    names = [channel.label for channel in desk.mixer_panel.board.mixer.channels]
    if not names:
        raise UsageError("heat needs a channel: a adds a vector")
    desk.transcript_panel.cycle_heat(names, desk.mixer_panel.board.selected, next_channel)


def apply_lamp_advice(desk: DeskScreen) -> None:
    """Apply the advice of the collapse lamp; z undoes it."""
    advice = desk.transcript_panel.lamp.advice
    if advice is None:
        raise UsageError("the collapse lamp has no advice now")
    desk.mixer_panel.try_edit(
        lambda: edits.apply_advice(desk.mixer_panel.board, advice.channel, advice.scale)
    )


def cycle_unit(desk: DeskScreen) -> None:
    """Change the unit of the scale and notify the user of the new number and the doses."""
    if desk.mixer_panel.edit("scale.unit"):
        now = desk.mixer_panel.board
        words = [
            f"{edits.scale_words(now.channel)}: the same push",
            *dose_texts(now.channel, now.n_layers, now.residual),
        ]
        desk.notify(safe_text(f"{', '.join(words)}; z undoes"), markup=False)


def edit_action(name: str) -> Callable[[DeskScreen], None]:
    """The action of an edit of the selected strip."""

    def turned(desk: DeskScreen) -> None:
        desk.mixer_panel.edit(name)

    return turned


ACTIONS: Mapping[str, Callable[[DeskScreen], None]] = {
    "engine.stop": stop_answer,
    "engine.pause": toggle_pause,
    "engine.restart": restart_or_search,
    "engine.take": take_control,
    "app.interrupt": interrupt_answer,
    "session.new": new_session,
    "model.open": model.open_model_dialog,
    "mode.type": focus_prompt,
    "prompt.search": add_vector.search_prompts,
    "prompt.editor": edit_prompt,
    "answer.sampling": sampling_form.open_sampling_form,
    "answer.again": regenerate_answer,
    "answer.again_otherwise": partial(regenerate_answer, new_seed=True),
    "answer.edit": lambda desk: desk.composer.edit_question(),
    "answer.tempo": lambda desk: desk.composer.next_max_rate(),
    "answer.yank": copy_answer,
    "answer.go_on": token_actions.continue_answer,
    "branch.next": lambda desk: desk.composer.step_branch(+1),
    "branch.beside": compare_branches.show_branch_beside,
    "branch.previous": lambda desk: desk.composer.step_branch(-1),
    "rewind.open": rewind.open_rewind_dialog,
    "rewind.again": rewind.repeat_rewind,
    "inject.open": distractor.open_distractor_dialog,
    "inject.again": distractor.repeat_distractor,
    "token.next": partial(token_actions.step_token, change=+1),
    "token.previous": partial(token_actions.step_token, change=-1),
    "token.next_change": partial(token_actions.step_change, change=+1),
    "token.previous_change": partial(token_actions.step_change, change=-1),
    "token.branch": token_actions.branch_at_token,
    "mixers.open": mixers.open_mixer_dialog,
    "vector.add": add_vector.open_vector_dialog,
    "strip.form": strip.open_strip_form,
    "strip.cap": toggle_cap,
    "strip.threshold": add_vector.open_cap_dialog,
    "scale.exact": add_vector.open_scale_dialog,
    "lamp.heed": apply_lamp_advice,
    "dials.undo": lambda desk: desk.mixer_panel.undo(),
    "dials.redo": lambda desk: desk.mixer_panel.redo(),
    "bank.left": lambda desk: desk.mixer_panel.move_bank_cursor(-1),
    "bank.right": lambda desk: desk.mixer_panel.move_bank_cursor(+1),
    "bank.up": lambda desk: desk.mixer_panel.move_fader(+1, coarse=False),
    "bank.down": lambda desk: desk.mixer_panel.move_fader(-1, coarse=False),
    "bank.up_coarse": lambda desk: desk.mixer_panel.move_fader(+1, coarse=True),
    "bank.down_coarse": lambda desk: desk.mixer_panel.move_fader(-1, coarse=True),
    "bank.exact": add_vector.open_layer_dialog,
    "heat.cycle": cycle_heat,
    "heat.channel": partial(cycle_heat, next_channel=True),
    "view.shadow": lambda desk: desk.notify(desk.transcript_panel.shadow.cycle_mode(), markup=False),
    "view.rack": toggle_mixer_panel,
    **{name: edit_action(name) for name in EDITS},
    "scale.unit": cycle_unit,
}
