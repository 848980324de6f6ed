"""Writes the starter vectors in the native file format: one float32 unit row per layer and a card of strings.

It uses safetensors directly, because `core` may not import `vectors`, where all formats are read and written.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from safetensors.torch import save_file

from core.demo.world.pairs import TextPair
from core.model.model import Model
from tools.demo import recipe
from tools.demo.directions import DemoVector

FORMAT = "steertui/1"


def save_vector(
    direction: DemoVector,
    file: Path,
    model: Model,
    pairs: Sequence[TextPair],
    metrics: Mapping[int, Mapping[str, float]],
    notes: Mapping[str, str],
) -> None:
    """Write one vector file; its header holds everything that can be known without the model."""
    tensors = {f"layer.{layer}": row.float().contiguous() for layer, row in direction.directions.items()}
    card = {
        "format": FORMAT,
        "site": "block_output",
        "name": direction.name,
        "model_id": model.name,
        "model_type": model.hf.config.model_type,
        "n_layers": str(model.n_layers),
        "hidden_size": str(model.hidden_size),
        "method": "mean",
        "raw_norms": _json(direction.norms),
        "act_norms": _json(model.residual_norms),
        "stats": _json(direction.stats),
        "suggestion": _json(direction.suggestion),
        "metrics": _json(metrics),
        "contrast": direction.name,
        "dataset_sha256": dataset_hash(pairs),
        "created": recipe.CREATED,
        "versions": _json(library_versions()),
    } | dict(notes)
    file.parent.mkdir(parents=True, exist_ok=True)
    save_file(tensors, file, metadata=card)
    file.chmod(0o644)


def dataset_hash(pairs: Sequence[TextPair]) -> str:
    """SHA-256 of the pairs as JSON lines."""
    lines = "\n".join(json.dumps(asdict(pair), sort_keys=True) for pair in pairs)
    return hashlib.sha256(lines.encode()).hexdigest()


def library_versions() -> dict[str, str]:
    return {name: version(name) for name in ("torch", "transformers", "tokenizers", "safetensors")}


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True)
