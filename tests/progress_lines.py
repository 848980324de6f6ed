"""What a command says on stderr besides the lines by which it shows that it is still working."""

from __future__ import annotations

import re

LINE = re.compile(r"^\d+ s: ")


def without_progress(err: str) -> str:
    """On a busy machine a stage may last long enough for such a line; tests of sentences do without them."""
    return "\n".join(line for line in err.strip().splitlines() if not LINE.match(line))
