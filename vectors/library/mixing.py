"""A mixer from one line, its vectors found in the library and among files."""

from __future__ import annotations

from core.mixer.mixer import Mixer
from vectors.library.naming import open_vector


def mixer(text: str) -> Mixer:
    """The mixer that one line names; `str()` of it is the line again.

    Args:
        text: Terms such as `0.35 natural determined-drifting@3-6 [split] - 0.2 pirate`: a name is one of the library,
            a pole of a vector there (`0.5 drifting` is -0.5 `determined-drifting`), or a file.

    Raises:
        SteerError: With the column, the word there, and what would be right.

    Example:
        >>> steering = vectors.mixer("0.5 drifting - 0.2 pirate@40%-85% [scope=response]")
        >>> str(steering)
        '-0.5 natural determined-drifting - 0.2 natural pirate@40%-85%[scope=response]'
    """
    return Mixer.parse(text, open_vector)
