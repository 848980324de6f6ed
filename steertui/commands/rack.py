"""Commands of the mixer: strips, their bands and the fader bank."""

from __future__ import annotations

from steertui.commands.command import BANK, BOTH, PLAY, Command, command_group

COMMANDS: tuple[Command, ...] = (
    *command_group(
        "strip",
        BOTH,
        ("mixers.open", "f9", "F9", "mixers", "Save, load and delete whole mixers"),
    ),
    *command_group(
        "strip",
        PLAY,
        ("vector.add", "a", "a", "add vector", "Add a vector from the library"),
        ("strip.remove", "delete", "del", "", "Remove the selected strip"),
        ("scale.up", "right_square_bracket,plus", "] +", "", "Scale up, fine"),
        ("scale.down", "left_square_bracket,minus", "[ −", "", "Scale down, fine"),
        (
            "scale.up_coarse",
            "right_curly_bracket,greater_than_sign",
            "} >",
            "",
            "Scale up, coarse",
        ),
        (
            "scale.down_coarse",
            "left_curly_bracket,less_than_sign",
            "{ <",
            "",
            "Scale down, coarse",
        ),
        ("scale.zero", "0", "0", "zero", "Scale to zero"),
        ("scale.exact", "equals_sign", "=", "exact", "Type the scale"),
        ("lamp.heed", "l", "l", "", "Apply the advice of the collapse lamp"),
        ("scale.unit", "u", "u", "unit", "Next unit of the scale; the push stays the same"),
        ("strip.flip", "f", "f", "flip", "Flip the sign at the next token"),
        ("strip.cap", "c", "c", "cap on/off", "Cap on or off; without a cap, asks for one"),
        ("strip.threshold", "C", "C", "", "Edit the cap: numbers, percentiles, presets, neutral"),
        ("strip.form", "g", "g", "strip", "Gain, layers, scope, half-life, split of the strip"),
        ("dials.undo", "z", "z", "undo", "Undo the last mixer change"),
        ("dials.redo", "Z", "Z", "", "Redo the mixer change undone last"),
        ("strip.mute", "m", "m", "mute", "Mute the strip"),
        ("strip.solo", "s", "s", "solo", "Solo: only this strip acts"),
        ("mixer.bypass", "x", "x", "bypass", "Bypass the whole mixer (A/B)"),
        ("mixer.copy", "Y", "Y", "", "Copy the whole mixer as one line, for /mix and --mix"),
    ),
    *command_group(
        "bank",
        PLAY,
        ("band.narrow", "comma", ",", "", "Make the band one layer narrower on both sides"),
        ("band.wide", "full_stop", ".", "", "Make the band one layer wider on both sides"),
        ("band.shape", "w", "w", "shape", "Next shape: flat, ramp, bell"),
    ),
    *command_group(
        "bank",
        BANK,
        ("bank.left", "left", "←", "", "Previous layer (in the bank)"),
        ("bank.right", "right", "→", "", "Next layer"),
        ("bank.up", "up", "↑", "", "This layer up, fine"),
        ("bank.down", "down", "↓", "", "This layer down, fine"),
        ("bank.up_coarse", "pageup", "PgUp", "", "This layer up, coarse"),
        ("bank.exact", "equals_sign", "=", "", "Type the value of this layer"),
        ("bank.down_coarse", "pagedown", "PgDn", "", "This layer down, coarse"),
        ("bank.copy", "y", "y", "", "Copy the whole mixer as one line"),
    ),
)
