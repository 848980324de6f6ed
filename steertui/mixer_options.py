"""Parses the values of --vector, --gain, --cap and --inject into plain data.

Suffixes are read from the right, so paths may contain colons and at-signs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from core.errors import BadInput, UsageError
from core.files import JSON_BYTES, read_utf8
from core.mixer.cap_bounds import Bound, parse_bounds
from core.mixer.layer_ranges import DEEPEST, parse_layers
from core.mixer.mixer import Channel, Mixer
from core.mixer.numbers import finite_number
from sessions.job_specs.kinds.inputs import find_vector_file

_NUMBER = r"[+-]?(?:nan|inf|infinity|[0-9.,_eE+-]+)"
_BAND = r"(?:@(?P<layers>[^@:/]*))?"
_SCALED = re.compile(rf"(?P<vector>.+):(?P<number>{_NUMBER}){_BAND}", re.IGNORECASE)
_BANDED = re.compile(r"(?P<vector>.+)@(?P<layers>all|[0-9%.,-]+)")
_CAPPED = re.compile(rf"(?P<vector>.+):(?P<bounds>(?:floor|ceiling|[<>≥≤])[^@:/]*){_BAND}", re.IGNORECASE)
_SIGNED_LIST = re.compile(r"-\.?[0-9][^\s,;]*[,;]\S*")


@dataclass(frozen=True)
class ChannelSpec:
    """One channel as given on the command line, before its vector is opened and the model's depth is
    known.
    """

    vector: str
    layers: str | None = None
    scale: float | None = None
    gain: float | None = None
    floor: Bound = None
    ceiling: Bound = None

    def actions(self) -> dict[str, Any]:
        """The settings that were given, by name; empty when only the vector was named."""
        named = {"scale": self.scale, "gain": self.gain, "floor": self.floor, "ceiling": self.ceiling}
        return {name: value for name, value in named.items() if value is not None}


def read_vector(text: str) -> ChannelSpec:
    """VECTOR[:SCALE[@LAYERS]]"""
    # `.+` is greedy, so the last colon separates the number: a path may contain others.
    if match := _SCALED.fullmatch(text):
        return ChannelSpec(match["vector"], match["layers"], scale=finite_number("scale", match["number"]))
    if match := _BANDED.fullmatch(text):
        return ChannelSpec(match["vector"], match["layers"])
    return ChannelSpec(text)


def read_gain(text: str) -> ChannelSpec:
    """VECTOR:G[@LAYERS]"""
    match = _SCALED.fullmatch(text)
    if not match:
        raise UsageError(f"bad gain {text!r}; write VECTOR:G or VECTOR:G@LAYERS, for example refusal:0@8-20")
    return ChannelSpec(match["vector"], match["layers"], gain=finite_number("gain", match["number"]))


def read_cap(text: str) -> ChannelSpec:
    """VECTOR:floor=X,ceiling=Y[@LAYERS], the bounds in any spelling of a cap."""
    match = _CAPPED.fullmatch(text)
    if not match:
        raise UsageError(f"bad cap {text!r}; write VECTOR:floor=X,ceiling=Y@LAYERS, one bound is enough")
    try:
        floor, ceiling = parse_bounds(match["bounds"])
    except UsageError as error:
        raise UsageError(f"bad cap {text!r}: {error}") from error
    return ChannelSpec(match["vector"], match["layers"], floor=floor, ceiling=ceiling)


def read_injection(text: str) -> tuple[int, str]:
    """K:TEXT: the text to insert before token K."""
    index, colon, words = text.partition(":")
    if not colon or not index.isascii() or not index.isdigit() or not words:
        raise UsageError(f"bad injection {text!r}; write K:TEXT, for example 20:Look, a bird!")
    return int(index), words


def merge_channels(specs: Iterable[ChannelSpec]) -> tuple[ChannelSpec, ...]:
    """Merge options for the same vector and layers into one channel: its scale, gain and cap."""
    merged: dict[tuple[str, str | None], ChannelSpec] = {}
    for spec in specs:
        key = (spec.vector, spec.layers)
        merged[key] = _merge(merged[key], spec) if key in merged else spec
    return tuple(merged.values())


def check_channels(specs: Iterable[ChannelSpec]) -> None:
    """Raise before a model is loaded if a vector does not exist or layers cannot be parsed."""
    for spec in specs:
        find_vector_file(spec.vector)
        if spec.layers is not None:
            # The model's depth is not known yet; only the spelling can be checked.
            parse_layers(spec.layers, DEEPEST)


def build_mixer(
    specs: Iterable[ChannelSpec],
    find: Callable[[str], Any],
    n_layers: int,
    *,
    unit: str | None = None,
    split: bool = False,
    scope: str = "all",
) -> Mixer:
    """Build the mixer of a command line; `find` opens a vector by file or library name."""
    # Options that were not given are left out, so that they cannot override a card's suggestion.
    common: dict[str, Any] = (
        {"scope": scope} | ({"unit": unit} if unit else {}) | ({"split": True} if split else {})
    )
    channels = (_build_channel(spec, find(spec.vector), n_layers, common) for spec in merge_channels(specs))
    return Mixer(tuple(channels))


def load_saved_mixer(path: Path, find: Callable[[str], Any], *, force: bool = False) -> Mixer:
    """Load a mixer from JSON, such as the `mixer` of an answer; its vectors must match their hashes."""

    try:
        state = json.loads(read_utf8(path, JSON_BYTES))
        return mixer_of_json(state, lambda name, sha256: find(name), str(path), force=force)
    except OSError as error:
        raise BadInput(f"cannot read {path}: {error.strerror}") from error
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        # The file may hold JSON of any shape, so reading a wrong one can fail in any of these ways.
        raise BadInput(f"{path} is no saved mixer ({type(error).__name__}: {error})") from error


def mixer_of_json(
    state: Mapping[str, Any], find: Callable[[str, str | None], Any], where: str, *, force: bool = False
) -> Mixer:
    """A mixer from its JSON; `find(name, sha256)` opens a vector, which must have that hash."""

    def same(name: str, sha256: str | None) -> Any:
        vector = find(name, sha256)
        # A mixer written by hand may hold no hash; there is nothing to compare then.
        if sha256 not in (None, vector.sha256) and not force:
            raise BadInput(
                f"{where}: vector {name!r} is not the one this mixer was saved with (--force plays it)"
            )
        return vector

    return Mixer.from_json(state, same)


def _merge(one: ChannelSpec, other: ChannelSpec) -> ChannelSpec:
    before, after = one.actions(), other.actions()
    if twice := before.keys() & after.keys():
        raise UsageError(f"{one.vector}: {min(twice)} given twice for the same layers")
    return replace(one, **after)


def _build_channel(spec: ChannelSpec, vector: Any, n_layers: int, common: dict[str, Any]) -> Channel:
    """Build a channel. Without settings it uses the card's suggestion; a bare scale uses the card's unit
    and band.
    """
    settings = common | spec.actions()
    if spec.layers is not None:
        settings["layers"] = parse_layers(spec.layers, n_layers)
    # With --unit or --split the scale is meant in that unit, so the card's does not apply.
    bare = spec.scale is not None and spec.layers is None and not common.keys() & {"unit", "split"}
    if not spec.actions() or (bare and getattr(vector, "suggestion", None)):
        return Channel.suggested(vector, **settings)
    return Channel(vector, **settings)


def join_signed_lists(words: Iterable[str]) -> list[str]:
    """Turn `--scales -1,1` into `--scales=-1,1`, because argparse takes a list that starts with a minus
    for an option. Words with spaces, or after `--`, are left as they are.
    """
    found: list[str] = []
    for word in words:
        option = bool(found) and found[-1].startswith("--") and "=" not in found[-1] and "--" not in found
        if option and _SIGNED_LIST.fullmatch(word):
            found[-1] = f"{found[-1]}={word}"
        else:
            found.append(word)
    return found
