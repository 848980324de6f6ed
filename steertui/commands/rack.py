"""The dials: strips, their bands and the fader bank."""

from __future__ import annotations

from steertui.commands.command import BANK, BOTH, PLAY, Command, edit, group

COMMANDS: tuple[Command, ...] = (
    *group(
        "strip",
        BOTH,
        ("mixers.open", "open('presets')", "f9", "F9", "mixers", "Save, load and delete whole mixers"),
    ),
    *group(
        "strip",
        PLAY,
        ("vector.add", "open('add_vector')", "a", "a", "add vector", "Add a vector from the library"),
        ("strip.remove", edit("remove"), "delete", "del", "", "Take the selected strip out"),
        ("scale.up", edit("scale_up"), "right_square_bracket,plus", "] +", "", "Scale up, fine"),
        ("scale.down", edit("scale_down"), "left_square_bracket,minus", "[ −", "", "Scale down, fine"),
        (
            "scale.up_coarse",
            edit("scale_up_coarse"),
            "right_curly_bracket,greater_than_sign",
            "} >",
            "",
            "Scale up, coarse",
        ),
        (
            "scale.down_coarse",
            edit("scale_down_coarse"),
            "left_curly_bracket,less_than_sign",
            "{ <",
            "",
            "Scale down, coarse",
        ),
        ("scale.zero", edit("zero"), "0", "0", "zero", "Scale to zero"),
        ("scale.exact", "open('exact')", "equals_sign", "=", "exact", "Type the scale"),
        ("scale.unit", edit("unit"), "u", "u", "unit", "Next unit of the scale; the push stays put"),
        ("strip.flip", edit("flip"), "f", "f", "flip", "Flip the sign at the next token"),
        ("strip.cap", "cap", "c", "c", "cap", "Cap on or off"),
        (
            "strip.threshold",
            "open('threshold')",
            "C",
            "C",
            "",
            "The cap: numbers, percentiles, presets, neutral",
        ),
        (
            "strip.form",
            "open('strip')",
            "g",
            "g",
            "strip",
            "Gain, layers, scope, half-life, split of the strip",
        ),
        ("dials.undo", "do('undo')", "z", "z", "undo", "Undo the last movement of a dial"),
        ("dials.redo", "do('redo')", "Z", "Z", "", "Redo what was undone"),
        ("strip.mute", edit("mute"), "m", "m", "mute", "Mute the strip"),
        ("strip.solo", edit("solo"), "s", "s", "solo", "Hear this strip alone"),
        ("mixer.bypass", edit("bypass"), "x", "x", "bypass", "Bypass the whole mixer (A/B)"),
    ),
    *group(
        "bank",
        PLAY,
        ("band.narrow", edit("narrower"), "comma", ",", "", "Band one layer narrower on both sides"),
        ("band.wide", edit("wider"), "full_stop", ".", "", "Band one layer wider on both sides"),
        ("band.shape", edit("shape"), "w", "w", "shape", "Next shape: flat, ramp, bell"),
    ),
    *group(
        "bank",
        BANK,
        ("bank.left", "screen.layer(-1)", "left", "←", "", "Previous layer (in the bank)"),
        ("bank.right", "screen.layer(1)", "right", "→", "", "Next layer"),
        ("bank.up", "screen.draw(1,False)", "up", "↑", "", "This layer up, fine"),
        ("bank.down", "screen.draw(-1,False)", "down", "↓", "", "This layer down, fine"),
        ("bank.up_coarse", "screen.draw(1,True)", "pageup", "PgUp", "", "This layer up, coarse"),
        ("bank.exact", "screen.open('layer')", "equals_sign", "=", "", "Type the value of this layer"),
        ("bank.down_coarse", "screen.draw(-1,True)", "pagedown", "PgDn", "", "This layer down, coarse"),
    ),
)
