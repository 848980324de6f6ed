"""What is done to an answer while it is spoken, and after it."""

from __future__ import annotations

from steertui.commands.command import BOTH, PLAY, Command, group

COMMANDS: tuple[Command, ...] = (
    *group(
        "answer",
        BOTH,
        ("engine.stop", "escape", "esc", "stop", "Stop the answer; else from TYPE to PLAY and back"),
        ("model.open", "f6", "F6", "model", "Load, switch or unload a model"),
        (
            "answer.sampling",
            "f7",
            "F7",
            "sampling",
            "How answers are made: system prompt, temperature, seed, stop texts, prefill …",
        ),
    ),
    *group(
        "answer",
        PLAY,
        ("engine.pause", "space", "space", "pause", "Pause or go on between two tokens"),
        ("answer.again", "r", "r", "redo", "Answer the last message again under the mixer of now"),
        ("answer.again_otherwise", "R", "R", "", "Answer it again with another seed"),
        ("answer.edit", "e", "e", "edit", "Ask the last question differently (again: the one before)"),
        ("branch.next", "v", "v", "", "The next branch of the talk"),
        ("branch.previous", "V", "V", "", "The branch before"),
        ("branch.beside", "A", "A", "", "Another branch beside this one (again: the next, then none)"),
        ("answer.tempo", "t", "t", "tempo", "Tempo of the next answers: full, 8, 16, 32 tokens a second"),
        ("answer.yank", "y", "y", "yank", "Copy the last answer (clipboard and file)"),
        ("rewind.open", "backspace", "⌫", "rewind", "Take back the last tokens and go on from there"),
        ("rewind.again", "B", "B", "", "Take back as many tokens as the last time"),
        ("inject.open", "d", "d", "distract", "Throw in a distractor"),
        ("inject.again", "D", "D", "", "Throw in the last distractor again"),
        ("mode.type", "i,enter", "i", "type", "Go to the prompt (TYPE)"),
    ),
)
