"""Vector and mixer facts rebuilt from events, without the tensors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from core.mixer.mixer import Mixer
from sessions.journal.events import VectorChanged


@dataclass(frozen=True)
class VectorFacts:
    """A vector's layers and the metadata of its card; the tensors stay with the model. `source` is the name or path
    that it was loaded from, `poles` what its card calls its two ends, where that is known.
    """

    name: str
    sha256: str | None
    directions: Mapping[int, None]
    norms: Mapping[int, float] = field(default_factory=dict)
    gaps: Mapping[int, float] = field(default_factory=dict)
    percentiles: Mapping[int, Mapping[float, float]] = field(default_factory=dict)
    midpoints: Mapping[int, float] = field(default_factory=dict)
    suggestion: Mapping[str, Any] | None = None
    usual: Mapping[int, tuple[float, float]] = field(default_factory=dict)
    cosines: Mapping[str, float] = field(default_factory=dict)
    source: str = field(default="", compare=False)
    poles: tuple[str, ...] = field(default=(), compare=False)

    @property
    def reference(self) -> str:
        """How the line of a mixer names it."""
        return self.source or self.name

    @classmethod
    def from_event(cls, event: VectorChanged) -> VectorFacts:
        """Build from an event; JSON turned the layer numbers into strings."""
        return cls(
            event.name,
            event.sha256,
            dict.fromkeys(event.layers),
            _integer_keys(event.norms),
            _integer_keys(event.gaps),
            {int(layer): {float(q): x for q, x in row.items()} for layer, row in event.percentiles.items()},
            _integer_keys(event.midpoints),
            event.suggestion,
            {int(layer): (float(mean), float(std)) for layer, (mean, std) in event.usual.items()},
            event.cosines,
            event.source,
        )

    def percentile(self, layer: int, q: float) -> float | None:
        """As the engine computes it: interpolated linearly between measured percentiles, None outside them."""
        known = sorted(self.percentiles.get(layer, {}).items())
        if not known or not known[0][0] <= q <= known[-1][0]:
            return None
        # `q` lies within the measured range, so there is such a percentile.
        above = next(i for i, (p, _) in enumerate(known) if p >= q)
        (low, a), (high, b) = known[max(above - 1, 0)], known[above]
        # At the lowest measured percentile both neighbours are the same point.
        return b if high == low else a + (b - a) * (q - low) / (high - low)


def _integer_keys(sizes: Mapping[str, float]) -> dict[int, float]:
    return {int(layer): float(x) for layer, x in sizes.items()}


def rebuild_mixer(desk: Mapping[str, Any], vectors: Mapping[str, VectorChanged], n_layers: int) -> Mixer:
    """A mixer rebuilt from its JSON and the session's vectors; an unknown vector may act on any layer."""

    def resolve(name: str, sha256: str | None) -> VectorFacts:
        # With a hash only the same vector counts; its name may belong to another one by now.
        same = (vector for vector in vectors.values() if sha256 and vector.sha256 == sha256)
        event = next(same, None if sha256 else vectors.get(name))
        return (
            VectorFacts.from_event(event)
            if event
            else VectorFacts(name, sha256, dict.fromkeys(range(n_layers)))
        )

    return Mixer.from_json(desk, resolve)
