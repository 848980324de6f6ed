"""Runs one batch through the trunk and reads block outputs, stopping after the last requested layer."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from contextlib import suppress

import numpy as np
import torch
from torch import Tensor

from core.activations.batches import Batch
from core.activations.positions import average_positions
from core.mixer.mixer import Mixer
from core.model.hooks import UnsizedPass
from core.model.model import Model


class _LastLayerRead(Exception):
    """Ends a forward pass early; raised between two blocks, so no module is interrupted."""


class BatchReader:
    """Reads activations of one model at fixed layers, steered by one mixer or unsteered."""

    def __init__(self, model: Model, layers: Sequence[int], mixer: Mixer | None, padding: str | None) -> None:
        self.model, self.layers, self.trunk = model, layers, model.anatomy.trunk
        self.steerer = None if mixer is None else UnsizedPass(model.planner.plan([mixer]))
        # Scoped channels treat a row's last position as the answer, so rows must end at the same column.
        scoped = self.steerer is not None and not self.steerer.is_uniform
        self.pads_left = padding == "left" or (padding is None and scoped)
        self.accepts_positions = "position_ids" in inspect.signature(self.trunk.forward).parameters

    def read(self, batch: Batch, chosen: Sequence[np.ndarray]) -> dict[int, Tensor]:
        rows: dict[int, Tensor] = {}

        def look(layer: int, hidden: Tensor) -> None:
            rows[layer] = average_positions(hidden, batch.starts, chosen)
            if layer == self.layers[-1]:
                raise _LastLayerRead

        steering, inputs = self.model.steering, batch.model_inputs(self.accepts_positions)
        with (
            torch.no_grad(),
            steering.steering_with(self.steerer),
            steering.hooking_outputs(self.layers, look),
            suppress(_LastLayerRead),
        ):
            self.trunk(**inputs, use_cache=False)
        return rows
