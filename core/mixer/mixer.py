"""The mixer: which vectors steer, how strongly and at which layers.

Immutable data without torch, so that the app can edit it and the engine can turn it into a plan. Every edit
returns a new mixer, so the state that steered a token can be kept, compared and recorded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from core.errors import UsageError
from core.mixer.cap_bounds import Bound, check_bound
from core.mixer.choices import NOT_IN as NOT_IN
from core.mixer.choices import SCOPES as SCOPES
from core.mixer.choices import UNITS as UNITS
from core.mixer.expression.parser import parse_line
from core.mixer.expression.printer import write_line
from core.mixer.layer_ranges import DEEPEST, parse_layers
from core.mixer.numbers import finite_number, numbers_by_layer

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

DEFAULT_DOSE = 0.3

Direction: TypeAlias = "Tensor | NDArray[np.float32] | None"
"""None where only the layers are known and the tensors are in another process."""


class VectorLike(Protocol):
    """Anything with a direction for each of its layers."""

    @property
    def directions(self) -> Mapping[int, Direction]: ...


@dataclass(frozen=True)
class Channel:
    """One vector with its settings; the vector is anything with `.directions`, a map of layer to tensor.

    Args:
        vector: The vector v̂; a `SteeringVector` also brings what the units `natural` and `raw` and
            percentile bounds need.
        scale: The push along v̂, in `unit`; negative pushes the other way, 0 not at all.
        unit: What 1.0 is: a mean residual norm (`relative`), a class gap (`natural`), v̂ (`unit`), or the
            vector as it was stored (`raw`).
        layers: The layers to act on, counted from 0; None is the band of the vector's card, else the default.
            `all` and shares such as `40%-85%` stay text until the model's depth is known.
        gain: The projection p on v̂ becomes gain · p; 0 removes it, None leaves it.
        floor: Least projection: a number, a percentile such as `p25`, or a number for each layer.
        ceiling: Greatest projection, written like `floor`.
        weights: Factor of the scale at each layer; a layer without one gets no push. None is 1 everywhere.
        split: Divide the scale among the layers instead of applying it at each.
        flipped: Act on −v̂: the push changes sign and the bounds are mirrored.
        muted: Do not act.
        solo: Silence the channels that are not solo.
        scope: Positions to act on: `all`, `prompt`, `response` (thinking and answer), `thinking` or `answer`.
        not_in: Parts of an answer where the channel does not act: `tool`, the model's tool calls.
        half_life: Tokens after which the push has fallen to half since the channel was last changed.
        name: Label in notices and records, not compared; None is the vector's own name.

    Example:
        >>> pirate = Channel(vectors.read("pirate"), scale=0.3, split=True)
        >>> mixer = Mixer((pirate,)).cap(0, floor="p25")
    """

    vector: Any
    scale: float = 0.0
    unit: str = "relative"
    layers: tuple[int, ...] | str | None = None
    gain: float | None = None
    floor: Bound = None
    ceiling: Bound = None
    weights: Mapping[int, float] | None = None
    split: bool = False
    flipped: bool = False
    muted: bool = False
    solo: bool = False
    scope: str = "all"
    half_life: float | None = None
    not_in: tuple[str, ...] = ()
    name: str | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        # The class is frozen: normalised values are set past its own `__setattr__`.
        object.__setattr__(self, "scale", finite_number("scale", self.scale))
        object.__setattr__(self, "layers", _layers(self.layers))
        object.__setattr__(self, "floor", check_bound("floor", self.floor))
        object.__setattr__(self, "ceiling", check_bound("ceiling", self.ceiling))
        if self.gain is not None:
            object.__setattr__(self, "gain", finite_number("gain", self.gain))
        if self.weights is not None:
            object.__setattr__(self, "weights", numbers_by_layer("weight", self.weights))
        if self.half_life is not None:
            object.__setattr__(self, "half_life", finite_number("half-life", self.half_life))
            if self.half_life <= 0:
                raise UsageError("half-life must be a positive number of tokens")
        _one_of("unit", self.unit, UNITS)
        _one_of("scope", self.scope, SCOPES)
        object.__setattr__(self, "not_in", _parts(self.not_in))
        for part in self.not_in:
            _one_of("not-in", part, NOT_IN)
        _ordered(self.floor, self.ceiling)

    @classmethod
    def suggested(cls, vector: VectorLike, **settings: Any) -> Channel:
        """The channel that a vector's card suggests, else 0.3 relative, split over the default band."""
        hint = getattr(vector, "suggestion", None) or {}
        dose: dict[str, Any] = {"scale": DEFAULT_DOSE, "unit": "relative", "split": True} | dict(hint)
        wanted = {f.name for f in fields(cls)}
        # A card may name settings that are not fields of a channel; they are ignored.
        return cls(vector, **({k: v for k, v in dose.items() if k in wanted} | settings))

    @property
    def label(self) -> str:
        return self.name or getattr(self.vector, "name", None) or "vector"

    @property
    def is_capped(self) -> bool:
        return self.floor is not None or self.ceiling is not None

    @property
    def summary(self) -> str:
        """One channel as text: `motivation -0.3 relative, gain 0, floor p25`."""
        signed = -self.scale if self.flipped else self.scale
        parts = [f"{self.label} {signed:+g} {self.unit}"]
        for word in ("gain", "floor", "ceiling"):
            value = getattr(self, word)
            if value is not None:
                parts.append(f"{word} {value:g}" if isinstance(value, float) else f"{word} {value}")
        return ", ".join(parts)

    def to_json(self) -> dict[str, Any]:
        """The settings, and the vector by name and hash: no tensors in journals or on sockets."""
        settings = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in ("vector", "name")}
        for key in ("floor", "ceiling", "weights"):
            if isinstance(settings[key], Mapping):
                settings[key] = {str(layer): x for layer, x in settings[key].items()}
        settings["layers"] = list(self.layers) if isinstance(self.layers, tuple) else self.layers
        settings["not_in"] = list(self.not_in)
        # Left out at its default: stamps of older sessions were made without it.
        if not self.not_in:
            del settings["not_in"]
        return {"name": self.label, "sha256": getattr(self.vector, "sha256", None)} | settings

    @classmethod
    def from_json(cls, data: Mapping[str, Any], vector: VectorLike | None) -> Channel:
        settings = {f.name: data[f.name] for f in fields(cls) if f.name in data and f.name != "vector"}
        # JSON has turned the layer numbers of these maps into strings.
        for key in ("floor", "ceiling", "weights"):
            if isinstance(settings.get(key), Mapping):
                settings[key] = {int(layer): x for layer, x in settings[key].items()}
        return cls(vector, **settings)


@dataclass(frozen=True)
class Mixer:
    """The ordered channels; `bypassed` disables them, `keep_norm` preserves ‖h‖ in the scale stage."""

    channels: tuple[Channel, ...] = ()
    bypassed: bool = False
    keep_norm: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "channels", tuple(self.channels))

    def active_indices(self) -> tuple[int, ...]:
        """Indices of the acting channels: none when bypassed, only solo ones if any, no muted ones."""
        if self.bypassed:
            return ()
        soloed = any(c.solo for c in self.channels)
        return tuple(i for i, c in enumerate(self.channels) if not c.muted and (c.solo or not soloed))

    @property
    def summary(self) -> str:
        """The acting channels as text."""
        return "; ".join(self.channels[i].summary for i in self.active_indices()) or "no steering"

    @classmethod
    def parse(cls, text: str, find: Callable[[str], Any]) -> Mixer:
        """The mixer that one line names; `find(name)` gives a vector or raises."""
        channels, flags = parse_line(text, find, Channel)
        return cls(channels, bypassed="bypassed" in flags, keep_norm="keep-norm" in flags)

    def __str__(self) -> str:
        """One line, which `parse` reads back as the same settings and vectors."""
        return write_line(self)

    def edit(self, index: int, **settings: Any) -> Mixer:
        if not 0 <= index < len(self.channels):
            raise UsageError(f"no channel {index}: the mixer has {len(self.channels)}")
        channels = list(self.channels)
        channels[index] = replace(channels[index], **settings)
        return replace(self, channels=tuple(channels))

    def flip(self, index: int) -> Mixer:
        """v̂ becomes −v̂: the push changes sign, and a floor becomes a ceiling on the other side."""
        was = self.edit(index).channels[index].flipped
        return self.edit(index, flipped=not was)

    def scale(self, index: int, scale: float) -> Mixer:
        return self.edit(index, scale=scale)

    def dosed(self, dose: float) -> Mixer:
        """Every scale times `dose`; gains and caps stay as they are."""
        return replace(self, channels=tuple(replace(c, scale=c.scale * dose) for c in self.channels))

    def gain(self, index: int, gain: float | None) -> Mixer:
        return self.edit(index, gain=gain)

    def band(self, index: int, layers: Iterable[int] | None) -> Mixer:
        return self.edit(index, layers=layers)

    def cap(self, index: int, *, floor: Bound = None, ceiling: Bound = None) -> Mixer:
        return self.edit(index, floor=floor, ceiling=ceiling)

    def mute(self, index: int, on: bool = True) -> Mixer:
        return self.edit(index, muted=on)

    def solo(self, index: int, on: bool = True) -> Mixer:
        return self.edit(index, solo=on)

    def bypass(self, on: bool = True) -> Mixer:
        return replace(self, bypassed=on)

    def add(self, channel: Channel) -> Mixer:
        return replace(self, channels=(*self.channels, channel))

    def remove(self, index: int) -> Mixer:
        # An edit that sets nothing only checks the index.
        self.edit(index)
        return replace(self, channels=self.channels[:index] + self.channels[index + 1 :])

    def to_json(self) -> dict[str, Any]:
        return {
            "channels": [c.to_json() for c in self.channels],
            "bypassed": self.bypassed,
            "keep_norm": self.keep_norm,
        }

    @classmethod
    def from_json(
        cls, data: Mapping[str, Any], resolve: Callable[[str, str | None], VectorLike | None]
    ) -> Mixer:
        """`resolve(name, sha256)` returns the vector that a channel names."""
        channels = [
            Channel.from_json(c, resolve(c["name"], c.get("sha256"))) for c in data.get("channels", [])
        ]
        return cls(tuple(channels), bool(data.get("bypassed")), bool(data.get("keep_norm")))


def _layers(layers: Iterable[int] | int | str | None) -> tuple[int, ...] | str | None:
    if layers is None:
        return None
    if isinstance(layers, str):
        numbers = parse_layers(layers, DEEPEST)
        # What depends on the depth of a model stays as it was written.
        return layers.strip() if layers.strip() == "all" or "%" in layers else numbers
    chosen = sorted({int(layer) for layer in ([layers] if isinstance(layers, int) else layers)})
    if not chosen or chosen[0] < 0:
        raise UsageError(f"bad layers {list(chosen)!r}: name at least one, counted from 0")
    return tuple(chosen)


def _parts(given: Iterable[str] | str) -> tuple[str, ...]:
    """Sorted and single, so that two spellings of one setting are equal."""
    return tuple(sorted({given} if isinstance(given, str) else set(given)))


def _ordered(floor: Bound, ceiling: Bound) -> None:
    if isinstance(floor, float) and isinstance(ceiling, float) and floor > ceiling:
        raise UsageError(f"floor {floor:g} lies above ceiling {ceiling:g}")


def _one_of(what: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise UsageError(f"unknown {what} {value!r}: choose one of {', '.join(allowed)}")
