"""The real model is what its folder says it is."""

from __future__ import annotations

import core


def test_the_model_has_its_published_shape(smollm2_model: core.Model) -> None:
    assert (smollm2_model.n_layers, smollm2_model.hidden_size, smollm2_model.vocab_size) == (30, 576, 49152)
