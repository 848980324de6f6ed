"""Every command of the desk by its id: keys, palette and slash commands all run these functions.

A command that cannot be run raises an error, which the caller shows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from steertui.screens.desk.commands import (
    answer_actions,
    compare_branches,
    distractor_actions,
    engine_actions,
    mixer_actions,
    prompt_actions,
    rewind,
    strip_actions,
    token_actions,
    vector_actions,
    view_actions,
)
from steertui.screens.desk.commands.strip_actions import strip_edit
from steertui.screens.desk.mixer import edits

if TYPE_CHECKING:
    from steertui.screens.desk.screen import DeskScreen

ACTIONS: Mapping[str, Callable[[DeskScreen], None]] = {
    "engine.stop": answer_actions.stop_answer,
    "engine.pause": answer_actions.toggle_pause,
    "engine.restart": engine_actions.restart_or_search,
    "engine.take": engine_actions.take_control,
    "app.interrupt": answer_actions.interrupt_answer,
    "session.new": engine_actions.new_session,
    "model.open": engine_actions.open_model_dialog,
    "mode.type": prompt_actions.focus_prompt,
    "prompt.search": prompt_actions.search_prompts,
    "prompt.editor": prompt_actions.edit_prompt,
    "answer.sampling": answer_actions.open_sampling_form,
    "answer.again": answer_actions.regenerate_answer,
    "answer.again_otherwise": partial(answer_actions.regenerate_answer, new_seed=True),
    "answer.edit": answer_actions.edit_question,
    "answer.tempo": lambda desk: desk.composer.next_max_rate(),
    "answer.yank": answer_actions.copy_answer,
    "answer.go_on": token_actions.continue_answer,
    "branch.next": partial(compare_branches.step_branch, change=+1),
    "branch.beside": compare_branches.show_branch_beside,
    "branch.previous": partial(compare_branches.step_branch, change=-1),
    "rewind.open": rewind.open_rewind_dialog,
    "rewind.again": rewind.repeat_rewind,
    "inject.open": distractor_actions.open_distractor_dialog,
    "inject.again": distractor_actions.repeat_distractor,
    "token.next": partial(token_actions.step_token, change=+1),
    "token.previous": partial(token_actions.step_token, change=-1),
    "token.next_change": partial(token_actions.step_change, change=+1),
    "token.previous_change": partial(token_actions.step_change, change=-1),
    "token.branch": token_actions.branch_at_token,
    "mixers.open": mixer_actions.open_mixer_dialog,
    "mixer.copy": mixer_actions.copy_line,
    "bank.copy": mixer_actions.copy_line,
    "vector.add": vector_actions.open_vector_dialog,
    "strip.flip": strip_edit(edits.flip),
    "strip.mute": strip_edit(edits.mute),
    "strip.solo": strip_edit(edits.solo),
    "strip.remove": strip_edit(edits.remove_channel),
    "strip.form": strip_actions.open_strip_form,
    "strip.cap": strip_actions.toggle_cap,
    "strip.threshold": strip_actions.open_cap_dialog,
    "scale.up": strip_edit(partial(edits.step_channel_scale, direction=+1, coarse=False), "scale"),
    "scale.down": strip_edit(partial(edits.step_channel_scale, direction=-1, coarse=False), "scale"),
    "scale.up_coarse": strip_edit(partial(edits.step_channel_scale, direction=+1, coarse=True), "scale"),
    "scale.down_coarse": strip_edit(partial(edits.step_channel_scale, direction=-1, coarse=True), "scale"),
    "scale.zero": strip_edit(partial(edits.set_scale, shown=0.0)),
    "scale.exact": strip_actions.open_scale_dialog,
    "scale.unit": strip_actions.cycle_unit,
    "lamp.heed": strip_actions.apply_lamp_advice,
    "mixer.bypass": strip_edit(edits.bypass),
    "dials.undo": lambda desk: desk.mixer_panel.undo(),
    "dials.redo": lambda desk: desk.mixer_panel.redo(),
    "band.wide": strip_edit(partial(edits.resize_band, change=+1)),
    "band.narrow": strip_edit(partial(edits.resize_band, change=-1)),
    "band.shape": strip_edit(edits.next_shape),
    "bank.left": lambda desk: desk.mixer_panel.move_bank_cursor(-1),
    "bank.right": lambda desk: desk.mixer_panel.move_bank_cursor(+1),
    "bank.up": lambda desk: desk.mixer_panel.move_fader(+1, coarse=False),
    "bank.down": lambda desk: desk.mixer_panel.move_fader(-1, coarse=False),
    "bank.up_coarse": lambda desk: desk.mixer_panel.move_fader(+1, coarse=True),
    "bank.down_coarse": lambda desk: desk.mixer_panel.move_fader(-1, coarse=True),
    "bank.exact": strip_actions.open_layer_dialog,
    "heat.cycle": view_actions.cycle_heat,
    "heat.channel": partial(view_actions.cycle_heat, next_channel=True),
    "view.thoughts": view_actions.fold_thoughts,
    "view.shadow": view_actions.cycle_unsteered_panel,
    "view.rack": view_actions.toggle_mixer_panel,
}
"""A test holds every id to be spelled here, so that a search for it finds its code."""
