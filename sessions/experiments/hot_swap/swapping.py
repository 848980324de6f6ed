"""What a sign flip in the middle of a text does to it: measures on tokens around the flip, and how they are named.

(The published verdict rests on words that the texts before and after share, and turns itself around: none shared
scores as "fights", a full copy as "smooth". Nothing here rests on shared words.)
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

NEAR = 5  # tokens on either side of the flip in which a spike is its
HELD = 5  # tokens for which a changed sign has to hold
SMOOTH = 5  # tokens the projection is averaged over

SMOOTH_SWITCH, JOLT_SWITCH = "switches without a spike", "switches with a spike"
NO_SWITCH, JOLT_ONLY = "does not switch", "a spike, no switch"
NAMES = (SMOOTH_SWITCH, JOLT_SWITCH, NO_SWITCH, JOLT_ONLY)
READ_AS: Mapping[str, str] = {
    SMOOTH_SWITCH: "the text goes over to the other side as if it had been going there; consistent with a stance "
    "that is represented and can be exchanged, and equally with a vector that merely swaps vocabulary",
    JOLT_SWITCH: "the text goes over, at the cost of some unlikely tokens; a large dose does that to any text",
    NO_SWITCH: "the text stays on its side; consistent with resistance, and with a dose that is too small to matter",
    JOLT_ONLY: "unlikely tokens and no change of side: damage at this dose explains it as well as resistance does",
}


@dataclass(frozen=True)
class FlipEffect:
    """One text around its flip. `jump` is ln perplexity after − before, `spike` the largest −log p near the flip,
    both under the unsteered model; `before` and `after` are where the text stands, `settled` is the token after the
    flip from which on it stands on the other side, None if it never does.
    """

    jump: float
    spike: float
    before: float
    after: float
    settled: int | None


def measure_flip(nll: Sequence[float], stance: Sequence[float], at: int, window: int) -> FlipEffect | None:
    """`nll` and `stance` per own token; `stance` is positive on the side of the vector. None if the flip never came."""
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
    """Δ = ln ppl(after) − ln ppl(before) on windows of so many tokens; 0 where nothing changes."""
    return float(np.mean(nll[at : at + window]) - np.mean(nll[max(0, at - window) : at]))


def perplexity(nll: Sequence[float]) -> float:
    return math.exp(min(float(np.mean(nll)), 700.0))


def nll_spike(nll: Sequence[float], at: int) -> float:
    """The most surprising token within NEAR tokens of the flip."""
    return float(max(nll[max(0, at - NEAR) : at + NEAR + 1]))


def tokens_to_switch(stance: Sequence[float], at: int) -> int | None:
    """Tokens from the flip until the smoothed stance has the other sign and keeps it for HELD tokens."""
    if not at or len(stance) < at + HELD:
        return None
    was = np.sign(np.mean(stance[:at]))
    smooth = [float(np.mean(stance[max(at, i - SMOOTH + 1) : i + 1])) for i in range(at, len(stance))]
    changed = [np.sign(value) == -was != 0 for value in smooth]
    runs = (start for start in range(len(changed) - HELD + 1) if all(changed[start : start + HELD]))
    return next(runs, None)


def name_outcome(flip: FlipEffect, usual_spike: float) -> str:
    """One of the four; `usual_spike` is what texts that were not flipped stay below at the same place."""
    jolted = flip.spike > usual_spike
    if has_switched(flip):
        return JOLT_SWITCH if jolted else SMOOTH_SWITCH
    return JOLT_ONLY if jolted else NO_SWITCH


def has_switched(flip: FlipEffect) -> bool:
    """Whether the stance after the flip is on the other side than before it."""
    return flip.before * flip.after < 0


def scale_ramp(start: float, end: float, over: int) -> list[float]:
    """s(t) in `over` equal steps from behind `start` to `end`; one step is the abrupt flip."""
    steps = max(1, over)
    return [start + (end - start) * step / steps for step in range(1, steps + 1)]


def _late_window(stance: Sequence[float], at: int, window: int) -> Sequence[float]:
    """The second window after the flip: the first belongs to the sentence that was under way. Where the text is too
    short for that, all that there is."""
    later = stance[at + window : at + 2 * window]
    return later if len(later) >= HELD else stance[at:]


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values))
