"""Use a mixer on another model: channels that the model cannot apply are muted, with a reason.

Their settings are kept, so on the original model they only need to be unmuted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from core.errors import SteerError
from core.mixer.mixer import Mixer


def mute_incompatible(mixer: Mixer, check: Callable[[Mixer], None]) -> tuple[Mixer, str]:
    """The mixer with unusable channels muted, and a sentence listing them; `check` raises for a mixer the
    model refuses.
    """
    reasons = []
    for index, channel in enumerate(mixer.channels):
        # Checked alone and unmuted, because the check ignores muted channels.
        if reason := refusal_reason(check, Mixer((replace(channel, muted=False),))):
            reasons.append(reason)
            mixer = mixer.edit(index, muted=True, solo=False)
    sentence = f"muted: {'; '.join(reasons)}" if reasons else ""
    # Channels that fit alone may still not fit together.
    if reason := refusal_reason(check, mixer):
        return mixer.bypass(), f"bypassed: {reason}"
    return mixer, sentence


def without_missing_vectors(
    state: Mapping[str, Any], find: Callable[[str, str | None], Any]
) -> Mapping[str, Any]:
    """The mixer's JSON without channels whose vectors were not found."""
    channels = [c for c in state.get("channels", []) if not refusal_reason(find, c["name"], c.get("sha256"))]
    return {**state, "channels": channels}


def refusal_reason(act: Callable[..., Any], *args: Any) -> str:
    """The error message of calling `act`; empty if it succeeds."""
    try:
        act(*args)
    except SteerError as error:
        return str(error)
    return ""
