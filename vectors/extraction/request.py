"""The options of one extraction, validated before a model is used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import UsageError
from core.json_values import JsonValue
from vectors.extraction.ranking import RULES
from vectors.methods.registry import find_method
from vectors.texts.position_spec import LONGEST, check_read

if TYPE_CHECKING:
    from core.model.model import Model
    from vectors.extraction.states import ReadSettings


@dataclass(frozen=True)
class Recipe:
    """`suggest` tries doses on the model afterwards; `store` is a folder for states, kept until the job is done."""

    method: str = "mean"
    read: str = "last"
    holdout: float = 0.2
    layers: tuple[int, ...] | None = None
    batch_tokens: int | None = None
    seed: int = 0
    rule: str = "midpoint"
    reply_tokens: int = LONGEST
    suggest: bool = True
    store: Path | None = None
    template_args: Mapping[str, JsonValue] = field(default_factory=dict)

    def __post_init__(self) -> None:
        find_method(self.method)
        check_read(self.read)
        if self.rule not in RULES:
            raise UsageError(f"no rule {self.rule!r}; there is {', '.join(RULES)}")
        if not 0 <= self.holdout < 1:
            raise UsageError(f"holdout is a share from 0 up to 1, not {self.holdout:g}")

    def read_settings(self, model: Model) -> ReadSettings:
        # Imported here, because `states` imports torch and a request is checked without it.
        from vectors.extraction.states import ReadSettings

        layers = tuple(range(model.n_layers)) if self.layers is None else self.layers
        return ReadSettings(layers, self.batch_tokens, self.store)
