"""Effect of a sign flip in the middle of a text: measures on the tokens around the flip, and named
outcomes.

(The published verdict uses words shared by the texts before and after, and inverts itself: none shared
scores as "fights", a full copy as "smooth". Nothing here depends on shared words.)
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

NEAR = 5  # tokens on either side of the flip in which a spike is attributed to it
HELD = 5  # tokens for which a changed sign has to hold
SMOOTH = 5  # tokens the projection is averaged over

SMOOTH_SWITCH, JOLT_SWITCH = "switches without a spike", "switches with a spike"
NO_SWITCH, JOLT_ONLY = "does not switch", "a spike, no switch"
NAMES = (SMOOTH_SWITCH, JOLT_SWITCH, NO_SWITCH, JOLT_ONLY)
READ_AS: Mapping[str, str] = {
    SMOOTH_SWITCH: "the text switches sides without a jump; consistent with a stance "
    "that is represented and can be exchanged, and equally with a vector that merely swaps vocabulary",
    JOLT_SWITCH: "the text switches sides at the cost of some unlikely tokens; a large dose does that to any text",
    NO_SWITCH: "the text stays on its side; consistent with resistance, and with a dose that is too small to matter",
    JOLT_ONLY: "unlikely tokens and no change of side: damage at this dose explains it as well as resistance does",
}


@dataclass(frozen=True)
class FlipEffect:
    """One text around its flip. `jump` is ln perplexity after − before and `spike` the largest −log p near
    the flip, both under the unsteered model; `before` and `after` are mean stances; `settled` is the
    number of tokens after the flip until the stance stays on the other side, None if it never does.
    """

    jump: float
    spike: float
    before: float
    after: float
    settled: int | None


def measure_flip(nll: Sequence[float], stance: Sequence[float], at: int, window: int) -> FlipEffect | None:
    """Measure one text; `nll` and `stance` are per own token, `stance` is positive on the vector's side.
    None if the text ended before the flip.
    """
    if len(nll) <= at or at == 0:
        return None
    return FlipEffect(
        jump=perplexity_jump(nll, at, window),
        spike=nll_spike(nll, at),
        before=_mean(stance[max(0, at - window) : at]),
        after=_mean(_late_window(stance, at, window)),
        settled=tokens_to_switch(stance, at),
    )


def perplexity_jump(nll: Sequence[float], at: int, window: int) -> float:
    """Δ = ln ppl(after) − ln ppl(before) over windows of `window` tokens; 0 if nothing changes."""
    return float(np.mean(nll[at : at + window]) - np.mean(nll[max(0, at - window) : at]))


def perplexity(nll: Sequence[float]) -> float:
    # exp overflows a float above 709.
    return math.exp(min(float(np.mean(nll)), 700.0))


def nll_spike(nll: Sequence[float], at: int) -> float:
    """Largest −log p within NEAR tokens of the flip."""
    return float(max(nll[max(0, at - NEAR) : at + NEAR + 1]))


def tokens_to_switch(stance: Sequence[float], at: int) -> int | None:
    """Tokens from the flip until the smoothed stance has the other sign and keeps it for HELD tokens."""
    if not at or len(stance) < at + HELD:
        return None
    was = np.sign(np.mean(stance[:at]))
    # Averaged over tokens after the flip only, so that none before it weighs in.
    smooth = [float(np.mean(stance[max(at, i - SMOOTH + 1) : i + 1])) for i in range(at, len(stance))]
    # A stance of exactly 0 is on neither side.
    changed = [np.sign(value) == -was != 0 for value in smooth]
    runs = (start for start in range(len(changed) - HELD + 1) if all(changed[start : start + HELD]))
    return next(runs, None)


def name_outcome(flip: FlipEffect, usual_spike: float) -> str:
    """One of the four outcomes; `usual_spike` is a high percentile of spikes in unflipped texts at the
    same place.
    """
    jolted = flip.spike > usual_spike
    if has_switched(flip):
        return JOLT_SWITCH if jolted else SMOOTH_SWITCH
    return JOLT_ONLY if jolted else NO_SWITCH


def has_switched(flip: FlipEffect) -> bool:
    """Whether the mean stance changes sign at the flip."""
    return flip.before * flip.after < 0


def scale_ramp(start: float, end: float, over: int) -> list[float]:
    """Scales in `over` equal steps from `start` (exclusive) to `end`; one step is an abrupt flip."""
    steps = max(1, over)
    return [start + (end - start) * step / steps for step in range(1, steps + 1)]


def _late_window(stance: Sequence[float], at: int, window: int) -> Sequence[float]:
    """The second window after the flip, because the first belongs to the unfinished sentence; everything
    after the flip if the text is too short.
    """
    later = stance[at + window : at + 2 * window]
    return later if len(later) >= HELD else stance[at:]


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values))
