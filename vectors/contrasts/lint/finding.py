"""One thing that is wrong with a contrast set, in a sentence, with the pairs and figures it rests on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from core.json_values import JsonValue

FEW_SHOWN = 5


@dataclass(frozen=True)
class LintFinding:
    """`kind` names the rule, such as `endings`; `pairs` are numbers of pairs, counted from 1."""

    kind: str
    message: str
    pairs: tuple[int, ...] = ()
    figures: Mapping[str, float] = field(default_factory=dict)

    def to_json(self) -> dict[str, JsonValue]:
        return {
            "kind": self.kind,
            "message": self.message,
            "pairs": list(self.pairs),
            "figures": dict(self.figures),
        }


def list_few(items: Sequence[str]) -> str:
    """The first few items, and how many there are besides."""
    more = f" and {len(items) - FEW_SHOWN} more" if len(items) > FEW_SHOWN else ""
    return ", ".join(items[:FEW_SHOWN]) + more
