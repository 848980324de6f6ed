"""Load a language model and steer its answers token by token.

The public names below are imported on first use, so that torch-free modules can be imported without torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.errors import SteerError as SteerError
    from core.generation.conversation import Conversation as Conversation
    from core.generation.stream import steered as steered
    from core.generation.stream import stream as stream
    from core.loading.loading import adopt as adopt
    from core.loading.loading import load as load
    from core.mixer.mixer import Channel as Channel
    from core.mixer.mixer import Mixer as Mixer
    from core.model.model import Model as Model
else:
    from core.lazy import lazy_exports

    __getattr__, __dir__ = lazy_exports(
        __name__,
        {
            "load": "core.loading.loading",
            "adopt": "core.loading.loading",
            "Model": "core.model.model",
            "Channel": "core.mixer.mixer",
            "Mixer": "core.mixer.mixer",
            "steered": "core.generation.stream",
            "stream": "core.generation.stream",
            "Conversation": "core.generation.conversation",
            "SteerError": "core.errors",
        },
    )
