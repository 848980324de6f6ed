"""Pure edits of (mixer, selected strip), one for each key of the desk, with the text of their marker.

The text says which channel changed, and to what.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from core.errors import UsageError
from core.mixer.cap_bounds import Bound
from core.mixer.mixer import UNITS, Channel, Mixer
from sessions.state.vector_facts import VectorFacts
from steertui.widgets.mixer import bank_values
from steertui.widgets.mixer.dial import (
    SHORT_UNIT,
    band_text,
    cap_text,
    format_signed,
    layers_of,
    scale_after_step,
    shown_scale,
    stored_scale,
)


@dataclass(frozen=True)
class ChannelBand:
    """The layers of a channel and the weight of each."""

    layers: tuple[int, ...] | None
    weights: Mapping[int, float] | None

    @classmethod
    def of(cls, channel: Channel) -> ChannelBand:
        return cls(channel.layers, channel.weights)


@dataclass(frozen=True)
class MixerBoard:
    """The mixer being edited and the selected strip. `caps` keeps thresholds that were turned off, by
    channel label; `bands` keeps, where a cap preset changed the band, the band without and with the
    cap.
    """

    mixer: Mixer = field(default_factory=Mixer)
    selected: int = 0
    n_layers: int = 0
    residual: Mapping[int, float] = field(default_factory=dict)
    caps: Mapping[str, tuple[Bound, Bound]] = field(default_factory=dict)
    bands: Mapping[str, tuple[ChannelBand, ChannelBand]] = field(default_factory=dict)

    @property
    def channel(self) -> Channel:
        if not self.mixer.channels:
            raise UsageError("there is no strip yet: a adds a vector")
        return self.mixer.channels[self.selected]

    @property
    def current(self) -> Channel | None:
        return self.mixer.channels[self.selected] if self.mixer.channels else None

    def select(self, place: int) -> MixerBoard:
        return replace(self, selected=max(0, min(place, len(self.mixer.channels) - 1)))

    def with_mixer(self, mixer: Mixer) -> MixerBoard:
        """The same board with another mixer."""
        return replace(self, mixer=mixer).select(self.selected)

    def edit(self, **settings: Any) -> MixerBoard:
        return replace(self, mixer=self.mixer.edit(self.selected, **settings))

    def with_channel(self, channel: Channel) -> MixerBoard:
        channels = list(self.mixer.channels)
        channels[self.selected] = channel
        return replace(self, mixer=replace(self.mixer, channels=tuple(channels)))


@dataclass(frozen=True)
class MixerEdit:
    """A board after an edit, and the text of its marker."""

    board: MixerBoard
    words: str


def scale_words(channel: Channel) -> str:
    return f"{channel.label} → {format_signed(shown_scale(channel))} {SHORT_UNIT[channel.unit]}"


def channel_words(channel: Channel, n_layers: int) -> str:
    """A channel in one line, as shown at the start of an answer."""
    words = [f"{channel.label} {format_signed(shown_scale(channel))} {SHORT_UNIT[channel.unit]}"]
    words.append(band_text(layers_of(channel, n_layers)))
    if channel.gain is not None:
        words.append(f"gain ×{channel.gain:g}")
    if channel.is_capped:
        words.append(f"cap {cap_text(channel)}")
    return "  ".join(words)


def step_channel_scale(board: MixerBoard, direction: int, coarse: bool) -> MixerEdit:
    board = board.edit(scale=scale_after_step(board.channel, direction, coarse))
    return MixerEdit(board, scale_words(board.channel))


def set_scale(board: MixerBoard, shown: float) -> MixerEdit:
    """Set the scale to a value as displayed, along the vector as loaded."""
    board = board.edit(scale=stored_scale(board.channel, shown))
    return MixerEdit(board, scale_words(board.channel))


def apply_advice(board: MixerBoard, label: str, scale: float) -> MixerEdit:
    """Set a channel's scale as the collapse lamp advises."""
    places = [place for place, channel in enumerate(board.mixer.channels) if channel.label == label]
    if not places:
        raise UsageError(f"{label} has no strip any more")
    board = board.select(places[0]).edit(scale=scale)
    return MixerEdit(board, scale_words(board.channel))


def flip(board: MixerBoard) -> MixerEdit:
    board = board.edit(flipped=not board.channel.flipped)
    channel = board.channel
    return MixerEdit(
        board, f"FLIP {scale_words(channel)}" + (f", cap {cap_text(channel)}" if channel.is_capped else "")
    )


def mute(board: MixerBoard) -> MixerEdit:
    on = not board.channel.muted
    return MixerEdit(board.edit(muted=on), f"{board.channel.label} → {'muted' if on else 'unmuted'}")


def solo(board: MixerBoard) -> MixerEdit:
    on = not board.channel.solo
    return MixerEdit(board.edit(solo=on), f"{board.channel.label} → {'solo' if on else 'solo off'}")


def bypass(board: MixerBoard) -> MixerEdit:
    on = not board.mixer.bypassed
    return MixerEdit(
        replace(board, mixer=board.mixer.bypass(on)), "mixer → " + ("BYPASS" if on else "back in")
    )


def toggle_cap(board: MixerBoard) -> MixerEdit | None:
    """Turn the cap off and keep its thresholds, or on again; None if there are none to restore."""
    channel = board.channel
    if channel.is_capped:
        caps = {**board.caps, channel.label: (channel.floor, channel.ceiling)}
        return note_band_change(board, set_cap(restore_band(replace(board, caps=caps)), None, None))
    if channel.label not in board.caps:
        return None
    return note_band_change(board, set_cap(_restore_cap_band(board), *board.caps[channel.label]))


def set_cap(board: MixerBoard, floor: Bound, ceiling: Bound) -> MixerEdit:
    board = board.edit(floor=floor, ceiling=ceiling)
    return MixerEdit(board, cap_words(board.channel))


def cap_words(channel: Channel) -> str:
    return f"{channel.label} → cap {cap_text(channel) or 'off'}"


def note_band_change(before: MixerBoard, edit: MixerEdit) -> MixerEdit:
    """Add the change of the band to the text: a strip has one band for push and cap."""
    old, new = (layers_of(board.channel, board.n_layers) for board in (before, edit.board))
    went = f", whole strip {band_text(old)} → {band_text(new)}"
    return edit if old == new else replace(edit, words=edit.words + went)


def move_to_band(board: MixerBoard, layers: tuple[int, ...]) -> MixerBoard:
    """Move the strip to the band of its cap, and keep the band it had."""
    channel = board.channel
    without, under = board.bands.get(channel.label, (None, None))
    if without is None or under != ChannelBand.of(channel):
        without = ChannelBand.of(channel)
    wanted = ChannelBand(layers, None)
    return replace(board.edit(**vars(wanted)), bands={**board.bands, channel.label: (without, wanted)})


def restore_band(board: MixerBoard) -> MixerBoard:
    """Restore the band from before the cap, unless the user has changed it since."""
    without, under = board.bands.get(board.channel.label, (None, None))
    return board.edit(**vars(without)) if without and under == ChannelBand.of(board.channel) else board


def _restore_cap_band(board: MixerBoard) -> MixerBoard:
    """Move to the band of the cap again, unless the user has changed it since."""
    without, under = board.bands.get(board.channel.label, (None, None))
    return board.edit(**vars(under)) if under and without == ChannelBand.of(board.channel) else board


def next_unit(board: MixerBoard) -> MixerEdit:
    """Convert the scale to the next unit that is defined for this vector."""
    channel = board.channel
    start = UNITS.index(channel.unit)
    for unit in (*UNITS[start + 1 :], *UNITS[:start]):
        try:
            board = board.with_channel(
                bank_values.convert_unit(channel, board.n_layers, unit, board.residual)
            )
        except (UsageError, KeyError):
            continue
        return MixerEdit(board, f"{scale_words(board.channel)} (the push stays)")
    raise UsageError(f"no other unit is known for '{channel.label}'")


def set_layer_scale(board: MixerBoard, layer: int, value: float) -> MixerEdit:
    board = board.with_channel(bank_values.set_layer(board.channel, board.n_layers, layer, value))
    return MixerEdit(
        board, f"{board.channel.label} L{layer} → {format_signed(value)} {SHORT_UNIT[board.channel.unit]}"
    )


def resize_band(board: MixerBoard, change: int) -> MixerEdit:
    board = board.with_channel(bank_values.grow_band(board.channel, board.n_layers, change))
    return MixerEdit(board, f"{board.channel.label} → {band_text(layers_of(board.channel, board.n_layers))}")


def next_shape(board: MixerBoard) -> MixerEdit:
    board = board.with_channel(bank_values.next_shape(board.channel, board.n_layers))
    return MixerEdit(
        board, f"{board.channel.label} → {bank_values.shape_name(board.channel, board.n_layers)}"
    )


def add_channel(board: MixerBoard, vector: VectorFacts) -> MixerEdit:
    """Append a channel at the dose its card suggests, and select it."""
    channel = Channel.suggested(vector)
    mixer = board.mixer.add(channel)
    board = replace(board, mixer=mixer, selected=len(mixer.channels) - 1)
    return MixerEdit(board, "+ " + channel_words(channel, board.n_layers))


def replace_mixer(board: MixerBoard, mixer: Mixer, words: str) -> MixerEdit:
    """Replace the whole mixer."""
    return MixerEdit(board.with_mixer(mixer), words)


def remove_channel(board: MixerBoard) -> MixerEdit:
    label = board.channel.label
    board = replace(board, mixer=board.mixer.remove(board.selected)).select(board.selected)
    return MixerEdit(board, f"− {label}")
