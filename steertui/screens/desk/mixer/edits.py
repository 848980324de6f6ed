"""Pure edits of (mixer, selected strip), one for each key of the desk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from core.errors import UsageError
from core.mixer.cap_bounds import Bound
from core.mixer.mixer import UNITS, Channel, Mixer
from sessions.state.mixer_changes import mixer_changes
from sessions.state.mixer_words import MIXER, Change, describe_changes
from steertui.widgets.mixer import bank_values
from steertui.widgets.mixer.dial import layers_of, scale_after_step, stored_scale

NO_STRIP = "there is no strip yet: a adds a vector"


@dataclass(frozen=True)
class ChannelBand:
    """The layers of a channel and the weight of each."""

    layers: tuple[int, ...] | str | None
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
            raise UsageError(NO_STRIP)
        return self.mixer.channels[self.selected]

    @property
    def current(self) -> Channel | None:
        return self.mixer.channels[self.selected] if self.mixer.channels else None

    def select(self, place: int) -> MixerBoard:
        return replace(self, selected=max(0, min(place, len(self.mixer.channels) - 1)))

    def with_mixer(self, mixer: Mixer) -> MixerBoard:
        """The same board with another mixer."""
        # The new mixer may have fewer channels, so the selection is clamped.
        return replace(self, mixer=mixer).select(self.selected)

    def edit(self, **settings: Any) -> MixerBoard:
        return replace(self, mixer=self.mixer.edit(self.selected, **settings))

    def with_channel(self, channel: Channel) -> MixerBoard:
        channels = list(self.mixer.channels)
        channels[self.selected] = channel
        return replace(self, mixer=replace(self.mixer, channels=tuple(channels)))


@dataclass(frozen=True)
class MixerEdit:
    """A board after an edit, and what changed."""

    board: MixerBoard
    changes: tuple[Change, ...]

    @classmethod
    def between(cls, before: MixerBoard, after: MixerBoard) -> MixerEdit:
        return cls(after, mixer_changes(mixer_with_bands(before), mixer_with_bands(after)))

    @property
    def words(self) -> str:
        """The text of its marker."""
        return describe_changes(self.changes)


def mixer_with_bands(board: MixerBoard) -> dict[str, Any]:
    """The mixer as JSON, with the default band written out where the model is known."""
    state = board.mixer.to_json()
    for channel, plain in zip(board.mixer.channels, state["channels"], strict=True):
        plain["layers"] = list(layers_of(channel, board.n_layers)) or plain["layers"]
    return state


def setting_words(kind: str, channel: Channel) -> str:
    """One setting of a channel, in the words of a marker."""
    return describe_changes([Change(kind, channel.label, {}, channel.to_json())])


def step_channel_scale(board: MixerBoard, direction: int, coarse: bool) -> MixerEdit:
    after = board.edit(scale=scale_after_step(board.channel, direction, coarse))
    return MixerEdit.between(board, after)


def set_scale(board: MixerBoard, shown: float) -> MixerEdit:
    """Set the scale to a value as displayed, along the vector as loaded."""
    return MixerEdit.between(board, board.edit(scale=stored_scale(board.channel, shown)))


def apply_advice(board: MixerBoard, label: str, scale: float) -> MixerEdit:
    """Set a channel's scale as the collapse lamp advises."""
    places = [place for place, channel in enumerate(board.mixer.channels) if channel.label == label]
    if not places:
        raise UsageError(f"{label} has no strip any more")
    return MixerEdit.between(board, board.select(places[0]).edit(scale=scale))


def flip(board: MixerBoard) -> MixerEdit:
    return MixerEdit.between(board, board.edit(flipped=not board.channel.flipped))


def mute(board: MixerBoard) -> MixerEdit:
    return MixerEdit.between(board, board.edit(muted=not board.channel.muted))


def solo(board: MixerBoard) -> MixerEdit:
    return MixerEdit.between(board, board.edit(solo=not board.channel.solo))


def bypass(board: MixerBoard) -> MixerEdit:
    return MixerEdit.between(board, replace(board, mixer=board.mixer.bypass(not board.mixer.bypassed)))


def toggle_cap(board: MixerBoard) -> MixerEdit | None:
    """Turn the cap off and keep its thresholds, or on again; None if there are none to restore."""
    channel = board.channel
    if channel.is_capped:
        caps = {**board.caps, channel.label: (channel.floor, channel.ceiling)}
        return MixerEdit.between(board, set_cap(restore_band(replace(board, caps=caps)), None, None))
    if channel.label not in board.caps:
        return None
    return MixerEdit.between(board, set_cap(_restore_cap_band(board), *board.caps[channel.label]))


def set_cap(board: MixerBoard, floor: Bound, ceiling: Bound) -> MixerBoard:
    return board.edit(floor=floor, ceiling=ceiling)


def move_to_band(board: MixerBoard, layers: tuple[int, ...]) -> MixerBoard:
    """Move the strip to the band of its cap, and keep the band it had."""
    channel = board.channel
    without, under = board.bands.get(channel.label, (None, None))
    # Without a preset before, or after a change by the user, the present band is the one to return to.
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
    """Convert the scale to the next unit that is defined for this vector; the push stays the same."""
    channel = board.channel
    start = UNITS.index(channel.unit)
    # Cyclic, and without the current unit.
    for unit in (*UNITS[start + 1 :], *UNITS[:start]):
        try:
            after = bank_values.convert_unit(channel, board.n_layers, unit, board.residual)
        except (UsageError, KeyError):
            continue
        return MixerEdit.between(board, board.with_channel(after))
    raise UsageError(f"no other unit is known for '{channel.label}'")


def set_layer_scale(board: MixerBoard, layer: int, value: float) -> MixerEdit:
    after = bank_values.set_layer(board.channel, board.n_layers, layer, value)
    return MixerEdit.between(board, board.with_channel(after))


def resize_band(board: MixerBoard, change: int) -> MixerEdit:
    after = bank_values.grow_band(board.channel, board.n_layers, change)
    return MixerEdit.between(board, board.with_channel(after))


def next_shape(board: MixerBoard) -> MixerEdit:
    after = bank_values.next_shape(board.channel, board.n_layers)
    return MixerEdit.between(board, board.with_channel(after))


def add_channel(board: MixerBoard, channel: Channel) -> MixerEdit:
    """Append a channel and select it."""
    mixer = board.mixer.add(channel)
    return MixerEdit.between(board, replace(board, mixer=mixer, selected=len(mixer.channels) - 1))


def load_preset(board: MixerBoard, mixer: Mixer, name: str) -> MixerEdit:
    """Replace the whole mixer by a saved one."""
    return MixerEdit(board.with_mixer(mixer), (Change("preset", MIXER, {}, {"preset": name}),))


def set_mixer(board: MixerBoard, mixer: Mixer) -> MixerEdit:
    """Replace the whole mixer by one that was written as a line."""
    return MixerEdit.between(board, board.with_mixer(mixer))


def remove_channel(board: MixerBoard) -> MixerEdit:
    after = replace(board, mixer=board.mixer.remove(board.selected)).select(board.selected)
    return MixerEdit.between(board, after)
