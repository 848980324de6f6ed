"""Mean ‖h‖ at every block's output, the unit of relative scales; measured once per model on a fixed text.

The first token is left out: in many models its norm is a hundred times larger than all others.
"""

from __future__ import annotations

import hashlib
import math
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from core.json_values import JsonValue
from core.model.anatomy import input_device
from core.model.kept_measurements import measurement_file, read_measurement, write_measurement

if TYPE_CHECKING:
    from core.model.model import Model

TEXT = """\
The last ferry of the evening leaves at twenty past nine, and on most nights it carries fewer than a
dozen people. A nurse going home, two students with a cello between them, a man who sells clocks. Nobody
talks much. The engine settles into its low note and the lights of the harbour slide together until they
look like one street.

How do you keep bread fresh without a bin? Wrap the loaf in a clean cloth, stand it on its cut side, and
leave the rest to the crust. In summer it lasts three days, in winter five; after that there is always
soup.

def area(width, height):
    return width * height

In 1921 the committee met eleven times and agreed on two things: that the map was wrong, and that nobody
present had drawn it. Its report, 48 pages with an appendix on tides, cost 3.50 and sold 212 copies.

"I never said it was easy," she answered. "I said it was possible, which is another matter. Try again
tomorrow, start from the left, and count to seven before you let go."
"""
LONGEST = 512


def residual_norms(model: Model) -> dict[int, float]:
    """Mean ‖h‖ per layer, from the cache if a model with this fingerprint was measured before."""
    file = _cache_file(model.fingerprint)
    norms = _sound_norms(read_measurement(file), model.n_layers)
    if norms is None:
        norms = measure_norms(model)
        write_measurement(file, {str(layer): norm for layer, norm in norms.items()})
    return norms


def measure_norms(model: Model) -> dict[int, float]:
    """One unsteered forward pass, read through the steering hooks."""
    norms: dict[int, float] = {}

    def look(layer: int, hidden: Tensor) -> None:
        norms[layer] = float(hidden[0, 1:].float().norm(dim=-1).double().mean())

    ids = torch.tensor([_text_ids(model)], device=input_device(model.hf))
    steering = model.steering
    with torch.no_grad(), steering.steering_with(None), steering.hooking_outputs(range(model.n_layers), look):
        # The trunk alone: nobody reads the logits, and they are large for a long text.
        model.anatomy.trunk(input_ids=ids, use_cache=False)
    return dict(sorted(norms.items()))


def _text_ids(model: Model) -> list[int]:
    """The text's tokens; without a tokenizer an arbitrary sequence over the vocabulary."""
    length = min(LONGEST, model.max_context)
    if model.tokenizer is not None:
        ids: list[int] = model.tokenizer(TEXT)["input_ids"]
        return ids[:length]
    return [(1009 * i + 7) % model.vocab_size for i in range(min(length, 256))]


def _cache_file(fingerprint: str) -> Path:
    # Norms belong to a text, so a changed text must not find the old ones.
    text = hashlib.sha256(TEXT.encode()).hexdigest()[:8]
    return measurement_file("residual", f"{fingerprint[:32]}-{text}")


def _sound_norms(kept: JsonValue, n_layers: int) -> dict[int, float] | None:
    """The kept norms; an inconsistent file counts as missing."""
    try:
        norms = {int(layer): float(norm) for layer, norm in kept.items()}  # type: ignore[union-attr, arg-type]
    except (ValueError, AttributeError, TypeError):
        return None
    sound = list(norms) == list(range(n_layers)) and all(0 < n < math.inf for n in norms.values())
    return norms if sound else None
