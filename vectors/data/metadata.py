"""Metadata of a vector: where it comes from and what was measured on it."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from core.json_values import JsonValue
from vectors.errors import VectorFileError, printable_name

SITES = ("post", "pre", "attn", "mlp", "every")
POST_BEFORE = "block_output"  # what `post` was called in files of version 1
_SIGN_NOTE = re.compile(r"\+ = ([^,]+), [−-] = ([^,]+)")
Spread = Mapping[str, float]  # mean, std, p5 … p95 of one class's projections on the unit direction
LayerStats = Mapping[str, float | Spread]  # positive: Spread, negative: Spread, midpoint: float


@dataclass(frozen=True)
class HoldOut:
    """The share of pairs, or of texts where two models were compared, that only judged; drawn with `seed`."""

    share: float
    seed: int
    unit: str = "pairs"
    count: int | None = None

    @property
    def words(self) -> str:
        if not self.share:
            return "nothing was held out"
        of = f" of {self.count} {self.unit}" if self.count else f" of the {self.unit}"
        return f"{self.share:.0%}{of}, drawn with seed {self.seed}"

    def to_json(self) -> dict[str, JsonValue]:
        return {"share": self.share, "seed": self.seed, "unit": self.unit, "count": self.count}


@dataclass(frozen=True)
class About:
    """Provenance and statistics; every field is optional, and files from other tools have few of them.

    `poles` are the names of the positive and the negative end, `site` is where in the block it was read.
    """

    name: str = ""
    model_id: str = ""
    model_type: str = ""
    n_layers: int | None = None
    method: str = ""
    read: str = ""
    contrast: str = ""
    dataset_sha256: str = ""
    created: str = ""
    sign_note: str = ""
    source: str = ""
    act_norms: Mapping[int, float] = field(default_factory=dict)
    stats: Mapping[int, LayerStats] = field(default_factory=dict)
    suggestion: Mapping[str, JsonValue] | None = None
    metrics: Mapping[str, JsonValue] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    poles: tuple[str, ...] = ()
    site: str = SITES[0]

    @property
    def pole_names(self) -> tuple[str, ...]:
        """The names of the positive and the negative end; older files say them in `sign_note`."""
        match = _SIGN_NOTE.fullmatch(self.sign_note)
        return self.poles or ((match[1], match[2]) if match else ())

    @property
    def suggested_layers(self) -> tuple[int, ...]:
        layers = (self.suggestion or {}).get("layers")
        listed = layers if isinstance(layers, list | tuple) else ()
        return tuple(layer for layer in listed if isinstance(layer, int))

    @property
    def separation_note(self) -> str:
        """What the extraction says of a set that every layer separates; empty for most."""
        note = self.metrics.get("separation_note")
        return note if isinstance(note, str) else ""

    @property
    def holdout(self) -> HoldOut | None:
        """What was held out when the vector was made; None where it is not known."""
        share, seed = self.metrics.get("holdout"), self.metrics.get("seed")
        # A bool is an int in Python.
        if isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share < 1:
            return None
        if isinstance(seed, bool) or not isinstance(seed, int):
            return None
        count, unit = self.metrics.get("n_split"), self.metrics.get("split")
        known = count if isinstance(count, int) and not isinstance(count, bool) else None
        return HoldOut(float(share), seed, unit if unit in ("pairs", "texts") else "pairs", known)

    def to_strings(self) -> dict[str, str]:
        """The metadata entries of a native file: strings as they are, everything structured as JSON."""
        # Fields at their default are not written: a file holds only what is known.
        entries, blank = {}, About()
        for item in fields(self):
            value = getattr(self, item.name)
            if value != getattr(blank, item.name):
                entries[item.name] = value if isinstance(value, str) else json.dumps(_with_text_keys(value))
        return entries

    @classmethod
    def from_strings(cls, entries: Mapping[str, str]) -> About:
        """Parse what `to_strings` wrote; unknown keys are ignored."""
        return cls(**{key: read(key, entries[key]) for key, read in _READERS.items() if key in entries})


def _with_text_keys(value: JsonValue | Mapping[int, JsonValue]) -> JsonValue:
    if isinstance(value, Mapping):
        return {str(key): _with_text_keys(inner) for key, inner in value.items()}
    return list(value) if isinstance(value, tuple | range) else value


def class_spread(stats: LayerStats, side: str) -> Spread:
    """What is known of the projections of `positive`, `negative` or `neutral`; empty if nothing is."""
    spread = stats.get(side)
    return spread if isinstance(spread, Mapping) else {}


def _plain_text(key: str, text: str) -> str:
    return text


def _whole_number(key: str, text: str) -> int:
    if not text.strip().isascii() or not text.strip().isdigit() or len(text) > 9:
        raise VectorFileError(f"metadata {key!r} is not a whole number")
    return int(text)


def _parse_json(key: str, text: str) -> JsonValue:
    """Parse one metadata entry as JSON."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise VectorFileError(f"metadata {key!r} is not valid JSON") from None


def json_object(key: str, text: str) -> dict[str, JsonValue]:
    """Parse one metadata entry as a JSON object."""
    value = _parse_json(key, text)
    if not isinstance(value, dict):
        raise VectorFileError(f"metadata {key!r} is not an object")
    return value


def finite_number(key: str, value: JsonValue) -> float:
    # bool is an int in Python, and Python's JSON parser accepts NaN and Infinity.
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise VectorFileError(f"metadata {key!r} holds something that is not a finite number")
    return float(value)


def layer_number(key: str, text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 6:
        raise VectorFileError(f"metadata {key!r} has a bad layer key")
    return int(text)


def numbers_by_layer(key: str, text: str) -> dict[int, float]:
    """Parse one metadata entry as {layer: number}."""
    return {
        layer_number(key, layer): finite_number(key, value) for layer, value in json_object(key, text).items()
    }


def _stats(key: str, text: str) -> dict[int, LayerStats]:
    return {
        layer_number(key, layer): _layer_stats(key, entry) for layer, entry in json_object(key, text).items()
    }


def _layer_stats(key: str, entry: JsonValue) -> LayerStats:
    if not isinstance(entry, dict):
        raise VectorFileError(f"metadata {key!r} has a layer that is not an object")
    stats: dict[str, float | Spread] = {}
    for part, value in entry.items():
        if isinstance(value, dict):
            stats[part] = {name: finite_number(key, inner) for name, inner in value.items()}
        else:
            stats[part] = finite_number(key, value)
    return stats


def _suggestion(key: str, text: str) -> dict[str, JsonValue]:
    value = json_object(key, text)
    layers = value.get("layers", [])
    if not isinstance(layers, list) or not all(type(layer) is int and layer >= 0 for layer in layers):
        raise VectorFileError(f"metadata {key!r} names layers that are not whole numbers")
    if "scale" in value:
        finite_number(key, value["scale"])
    return value


def _poles(key: str, text: str) -> tuple[str, ...]:
    value = _parse_json(key, text)
    poles = tuple(pole for pole in value if isinstance(pole, str)) if isinstance(value, list) else ()
    if not isinstance(value, list) or len(value) != 2 or len(poles) != 2:
        raise VectorFileError(f"metadata {key!r} is not two names")
    return poles


def _site(key: str, text: str) -> str:
    site = SITES[0] if text == POST_BEFORE else text
    if site not in SITES:
        raise VectorFileError(f"site {printable_name(text)} not usable, only {', '.join(SITES)}")
    return site


_READERS: Mapping[str, Callable[[str, str], Any]] = {
    **dict.fromkeys(("name", "model_id", "model_type", "method", "read", "contrast"), _plain_text),
    **dict.fromkeys(("dataset_sha256", "created", "sign_note", "source"), _plain_text),
    "n_layers": _whole_number,
    "act_norms": numbers_by_layer,
    "stats": _stats,
    "suggestion": _suggestion,
    "metrics": json_object,
    "versions": json_object,
    "poles": _poles,
    "site": _site,
}
