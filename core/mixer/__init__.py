"""The mixer and its channels as plain data (torch-free): pure edits, layer ranges, and what each layer adds."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.mixer.mixer import Channel as Channel
    from core.mixer.mixer import Mixer as Mixer
else:
    from core.lazy import lazy_exports

    __getattr__, __dir__ = lazy_exports(
        __name__, {"Channel": "core.mixer.mixer", "Mixer": "core.mixer.mixer"}
    )
