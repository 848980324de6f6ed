"""Load a language model and steer its answers token by token.

The public names below are imported on first use, so that torch-free modules can be imported without torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.answer import stream as stream
    from core.conversation import Conversation as Conversation
    from core.errors import SteerError as SteerError
    from core.loading import adopt as adopt
    from core.loading import load as load
    from core.mixer import Channel as Channel
    from core.mixer import Mixer as Mixer
    from core.model import Model as Model
    from core.steering import steered as steered
else:
    from core.lazy import exports

    __getattr__, __dir__ = exports(
        __name__,
        {
            "load": "core.loading",
            "adopt": "core.loading",
            "Model": "core.model",
            "Channel": "core.mixer",
            "Mixer": "core.mixer",
            "steered": "core.steering",
            "stream": "core.answer",
            "Conversation": "core.conversation",
            "SteerError": "core.errors",
        },
    )
