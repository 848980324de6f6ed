"""Commands that act on an answer while it is generated, and afterwards."""

from __future__ import annotations

from steertui.commands.command import BOTH, PLAY, Command, command_group

COMMANDS: tuple[Command, ...] = (
    *command_group(
        "answer",
        BOTH,
        ("engine.stop", "escape", "esc", "stop", "Stop the answer; otherwise switch between TYPE and PLAY"),
        ("model.open", "f6", "F6", "model", "Load, switch or unload a model"),
        (
            "answer.sampling",
            "f7",
            "F7",
            "sampling",
            "Sampling settings: system prompt, temperature, seed, stop strings, prefill …",
        ),
    ),
    *command_group(
        "answer",
        PLAY,
        ("engine.pause", "space", "space", "pause", "Pause between two tokens, or continue"),
        ("answer.again", "r", "r", "redo", "Regenerate the answer with the current mixer"),
        ("answer.again_otherwise", "R", "R", "", "Regenerate the answer with another seed"),
        ("answer.edit", "e", "e", "edit", "Edit the last prompt (again: the one before)"),
        ("branch.next", "v", "v", "", "Next branch of the conversation"),
        ("branch.previous", "V", "V", "", "Previous branch"),
        ("branch.beside", "A", "A", "", "Show another branch beside this one (again: next, then none)"),
        ("answer.tempo", "t", "t", "tempo", "Tempo of the next answers: no limit, 8, 16, 32 tokens/s"),
        ("answer.yank", "y", "y", "yank", "Copy the last answer (clipboard and file)"),
        ("rewind.open", "backspace", "⌫", "rewind", "Remove the last tokens and continue from there"),
        ("rewind.again", "B", "B", "", "Remove as many tokens as last time"),
        ("inject.open", "d", "d", "distract", "Insert a distractor"),
        ("inject.again", "D", "D", "", "Insert the last distractor again"),
        ("mode.type", "i,enter", "i", "type", "Go to the prompt (TYPE)"),
    ),
)
