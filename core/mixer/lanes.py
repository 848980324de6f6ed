"""Lanes: several answers in one batch, each row steered by its own variant of the mixer.

A lane is free (it samples its own tokens) or forced (it is fed lane 0's tokens, so that its logits show the
probability that variant gives to the same text). The number of lanes is fixed for a run, because batch shape
affects rounding.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from core.errors import UsageError
from core.mixer.mixer import Channel, Mixer


@dataclass(frozen=True)
class Lanes:
    """`variants(mixer)` gives every lane's mixer; lane 0 is the main answer, unnamed lanes are padding."""

    variants: Callable[[Mixer], tuple[Mixer, ...]]
    names: tuple[str, ...]
    forced: frozenset[int] = frozenset()

    @property
    def count(self) -> int:
        return len(self.names)

    def padded_to(self, count: int) -> Lanes:
        """Add idle rows up to `count`: some matrix kernels are slower for two or three rows than for four."""
        missing = count - self.count
        if missing <= 0:
            return self
        # Forced: they are fed lane 0's tokens and sample none.
        idle = frozenset(range(self.count, count))
        return Lanes(
            lambda mixer: (*self.variants(mixer), *[mixer.bypass()] * missing),
            (*self.names, *[""] * missing),
            self.forced | idle,
        )

    @property
    def n_shown(self) -> int:
        """Number of lanes that are reported: all but the padding."""
        return sum(bool(name) for name in self.names)


SOLO = Lanes(lambda mixer: (mixer,), ("steered",))
SHADOWS = {
    "free": Lanes(lambda mixer: (mixer, mixer.bypass()), ("steered", "unsteered")),
    "forced": Lanes(lambda mixer: (mixer, mixer.bypass()), ("steered", "unsteered"), frozenset({1})),
}


def dose_lanes(channel: int, scales: Sequence[float]) -> Lanes:
    """Lanes with one channel at several scales and everything else equal: a sweep in one batch."""
    chosen = tuple(float(scale) for scale in scales)
    if not chosen:
        raise UsageError("a sweep needs at least one scale")
    return Lanes(
        lambda mixer: tuple(mixer.scale(channel, s) for s in chosen), tuple(f"{s:+g}" for s in chosen)
    )


def mixer_lanes(mixers: Sequence[Mixer]) -> Lanes:
    """Lanes with fixed mixers, except lane 0, which follows changes of the mixer."""
    rest = tuple(mixers[1:])
    return Lanes(lambda mixer: (mixer, *rest), tuple(f"lane {i}" for i in range(len(mixers))))


def same_prompt(mixers: Sequence[Mixer]) -> bool:
    """Whether all lanes steer the prompt alike, so that it can be encoded once and shared."""

    def heard(mixer: Mixer) -> tuple[bool | Channel, ...]:
        playing = [mixer.channels[i] for i in mixer.active_indices()]
        # Channels of the other scopes do not act on a prompt, so lanes may differ in them.
        return mixer.keep_norm and not mixer.bypassed, *[c for c in playing if c.scope in ("all", "prompt")]

    return all(heard(mixer) == heard(mixers[0]) for mixer in mixers[1:])
