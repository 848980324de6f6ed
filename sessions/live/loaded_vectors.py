"""The vectors loaded in a session by name, and the events that describe them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from core.errors import BadInput, SteerError, UsageError
from sessions.journal import events as ev
from sessions.journal.folder import SUFFIX, vector_copy

MEASURED = (5, 25, 50, 75, 95)


class LoadedVectors:
    """Vectors by name. A name always means the same vector, because events and mixers refer to it."""

    def __init__(self) -> None:
        self._vectors: dict[str, Any] = {}
        self.events: dict[str, ev.VectorChanged] = {}

    def add(self, name: str, vector: Any, source: str) -> ev.VectorChanged:
        known = self._vectors.get(name)
        if known is not None and known.sha256 != vector.sha256:
            raise UsageError(f"another vector is already called {name!r}: give this one a name of its own")
        others = {other: each for other, each in self._vectors.items() if other != name}
        self._vectors[name] = vector
        self.events[name] = vector_event(name, vector, source, others)
        return self.events[name]

    def reload(
        self, known: Mapping[str, ev.VectorChanged], read: Callable[[str, None], Any], keep: Path | None
    ) -> Iterator[BadInput]:
        """Reload a session's vectors from its copies; yields an error for each that cannot be loaded."""
        for name, event in known.items():
            try:
                vector = read(str(vector_copy(event.sha256, keep)), None)
                self.add(name, _named_as_before(vector, event), event.source)
            except SteerError as error:
                # Drop the copy's path from the message: its name is only a hash.
                why = str(error).rpartition(f"{event.sha256}{SUFFIX}: ")[2]
                yield BadInput(f"{name!r} is removed from the mixer: {why}")

    def remove(self, name: str) -> ev.VectorChanged:
        vector = self.find(name)
        del self._vectors[name], self.events[name]
        return ev.VectorChanged(name=name, sha256=vector.sha256, removed=True)

    def find(self, name: str, sha256: str | None = None) -> Any:
        """The vector of that name; a renamed one is found by its hash."""
        vector = self._vectors.get(name)
        if vector is not None and sha256 in (None, vector.sha256):
            return vector
        for other in self._vectors.values():
            if sha256 == other.sha256:
                return other
        raise BadInput(f"vector {name!r} is not loaded in this session")


def _named_as_before(vector: Any, event: ev.VectorChanged) -> Any:
    """A vector read from the session's copy, named in lines by where it was loaded from, if that still holds it."""
    from vectors.library.naming import open_vector

    try:
        unchanged = open_vector(event.source).sha256 == event.sha256
    except SteerError:
        unchanged = False
    reference = event.source if unchanged else f"{event.name}#sha={event.sha256[:8]}"
    return vector.asked_as(reference) if hasattr(vector, "asked_as") else vector


def vector_event(name: str, vector: Any, source: str, others: Mapping[str, Any]) -> ev.VectorChanged:
    """The event that describes a vector for clients without its tensors. `usual` is (mean, deviation) of the
    projection of ordinary text by layer, `cosines` the cosine with each of the other vectors.
    """
    suggestion = getattr(vector, "suggestion", None)
    usual = getattr(vector, "usual", None) or {}
    return ev.VectorChanged(
        name=name,
        sha256=vector.sha256,
        source=source,
        layers=tuple(sorted(vector.directions)),
        hidden_size=len(next(iter(vector.directions.values()))),
        norms={str(layer): float(norm) for layer, norm in (getattr(vector, "norms", None) or {}).items()},
        gaps={str(layer): float(gap) for layer, gap in (getattr(vector, "gaps", None) or {}).items()},
        percentiles=_percentiles(vector),
        midpoints=_midpoints(vector),
        usual={str(layer): (float(mean), float(std)) for layer, (mean, std) in usual.items()},
        cosines={other: largest_cosine(vector, each) for other, each in others.items()},
        suggestion=dict(suggestion) if suggestion else None,
    )


def _percentiles(vector: Any) -> dict[str, dict[str, float]]:
    """Measured percentiles of the projection by layer: what a cap at p25 means in numbers."""
    percentile = getattr(vector, "percentile", lambda layer, q: None)
    found = {layer: {q: percentile(layer, q) for q in MEASURED} for layer in vector.directions}
    return {
        str(layer): {str(q): value for q, value in spread.items() if value is not None}
        for layer, spread in found.items()
        if any(value is not None for value in spread.values())
    }


def _midpoints(vector: Any) -> dict[str, float]:
    """The midpoint between the two classes by layer."""
    stats = getattr(getattr(vector, "about", None), "stats", {})
    return {str(layer): float(entry["midpoint"]) for layer, entry in stats.items() if "midpoint" in entry}


def largest_cosine(one: Any, other: Any) -> float:
    """The cosine with the largest absolute value over the layers both vectors have."""
    from vectors.statistics.metrics import cosine

    pairs = [
        (one.directions[layer], other.directions[layer])
        for layer in one.directions
        if layer in other.directions
    ]
    # Vectors of models with different widths cannot be compared.
    cosines = [cosine(a, b) for a, b in pairs if len(a) == len(b)]
    return max(cosines, key=abs, default=0.0)
