"""Times as users write them, such as 90s or 30m, and how long an answer goes on without a screen."""

from __future__ import annotations

from core.errors import UsageError


def parse_duration(text: str) -> float:
    """Parse 90, 90s, 30m or 2h into seconds."""
    factor = {"s": 1, "m": 60, "h": 3600}.get(text[-1:], 0)
    number = text[:-1] if factor else text
    # `isdigit` alone would admit digits such as ², which `float` refuses.
    if not (number.isascii() and number.isdigit()):
        raise UsageError(f"a time is written 90s, 30m or 2h, not {text!r}")
    return float(number) * (factor or 1)


def parse_detach_limit(text: str) -> float:
    """Parse `continue`, `stop` or a time into the seconds an answer goes on without a screen; −1 is no
    limit.
    """
    words = {"continue": -1.0, "stop": 0.0}
    return words[text] if text in words else parse_duration(text)


def parse_on_detach(text: str) -> str:
    try:
        parse_detach_limit(text)
    except UsageError:
        raise UsageError(f"on-detach is continue, stop, or a time such as 90s or 30m, not {text!r}") from None
    return text
