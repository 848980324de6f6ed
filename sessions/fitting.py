"""A mixer that was made for one model, on another: channels that cannot play there are muted, and it is said why.

Their settings stay, so that on the model they were made for they need only be switched on again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from core.errors import SteerError
from core.mixer import Mixer


def fitted(mixer: Mixer, check: Callable[[Mixer], None]) -> tuple[Mixer, str]:
    """The mixer as the model that `check` speaks for can play it, and a sentence about everything it cannot."""
    reasons = []
    for index, channel in enumerate(mixer.channels):
        if reason := refusal(check, Mixer((replace(channel, muted=False),))):
            reasons.append(reason)
            mixer = mixer.edit(index, muted=True, solo=False)
    sentence = f"muted: {'; '.join(reasons)}" if reasons else ""
    if reason := refusal(check, mixer):
        return mixer.bypass(), f"bypassed: {reason}"
    return mixer, sentence


def at_hand(state: Mapping[str, Any], find: Callable[[str, str | None], Any]) -> Mapping[str, Any]:
    """A mixer's JSON without the channels whose vectors could not be found again."""
    channels = [c for c in state.get("channels", []) if not refusal(find, c["name"], c.get("sha256"))]
    return {**state, "channels": channels}


def refusal(act: Callable[..., Any], *args: Any) -> str:
    """Why that cannot be done; nothing when it can."""
    try:
        act(*args)
    except SteerError as error:
        return str(error)
    return ""
