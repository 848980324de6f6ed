"""The result of an extraction: the vector with its metadata, and the metrics of each layer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from core.json_values import JsonValue
from vectors.data.report_values import Report
from vectors.statistics.json_numbers import json_safe
from vectors.vector import SteeringVector


@dataclass(frozen=True)
class Extraction:
    """`metrics` per layer are held out; `best_layer` is None without a hold-out, `dose` without a search for one.

    `spoken`: whether the model thought first, and which replies are not where it would say them.
    """

    vector: SteeringVector
    metrics: Mapping[int, Report]
    best_layer: int | None
    n_effective: int
    warnings: tuple[str, ...] = ()
    dose: Report | None = None
    spoken: Report = field(default_factory=dict)

    def to_json(self) -> dict[str, JsonValue]:
        held = self.vector.about.holdout
        return json_safe(
            {
                "vector": self.vector.name,
                "sha256": self.vector.sha256,
                "method": self.vector.about.method,
                "read": self.vector.about.read,
                "contrast": self.vector.about.contrast,
                "layers": {str(layer): dict(found) for layer, found in self.metrics.items()},
                "consistency": self.vector.card.consistency.to_json(),
                "best_layer": self.best_layer,
                "n_effective": self.n_effective,
                "holdout": held.to_json() if held else None,
                "suggestion": self.vector.suggestion,
                "dose": self.dose,
                "warnings": list(self.warnings),
                **self.spoken,
            }
        )
