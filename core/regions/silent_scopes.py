"""Settings of a channel that can never act on a model, because nothing in its vocabulary marks the region."""

from __future__ import annotations

from collections.abc import Callable

from core.errors import UsageError
from core.mixer.mixer import Mixer
from core.regions.notations import THINKING, Notation


def refuse_silent_scopes(mixer: Mixer, notation: Callable[[], Notation | None], model: str) -> None:
    """Raise for a channel that is not muted and whose scope is a region that this model never marks."""
    if not any(channel.scope == THINKING or channel.not_in for channel in mixer.channels):
        # Listing a vocabulary takes a while, and this is asked at every edit.
        return
    known = notation()
    marked = () if known is None else tuple(known.regions)
    # A bypass can end at any token, so bypassed channels are checked too.
    for index in mixer.bypass(False).active_indices():
        channel = mixer.channels[index]
        if channel.scope == THINKING and THINKING not in marked:
            raise UsageError(
                f"scope=thinking never acts on {model}: its tokenizer has no marks around thoughts; use scope=response"
            )
        for region in channel.not_in:
            if region not in marked:
                raise UsageError(
                    f"not-in={region} changes nothing on {model}: its tokenizer has no marks around {region} calls"
                )
