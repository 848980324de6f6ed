"""Numbers as JSON has them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import overload

from core.json_values import JsonValue


@overload
def json_safe(tree: Mapping[str, JsonValue]) -> dict[str, JsonValue]: ...
@overload
def json_safe(tree: JsonValue) -> JsonValue: ...
def json_safe(tree: JsonValue) -> JsonValue:
    """The tree with infinite and NaN numbers replaced by None, since JSON has neither."""
    if isinstance(tree, float):
        return tree if math.isfinite(tree) else None
    if isinstance(tree, Mapping):
        return {key: json_safe(value) for key, value in tree.items()}
    return [json_safe(value) for value in tree] if isinstance(tree, list | tuple) else tree
