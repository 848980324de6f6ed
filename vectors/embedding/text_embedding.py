"""What compares texts by meaning, and what has to be said beside every such number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from core.errors import BadInput
from core.jobs.job import Steps
from core.json_values import JsonValue
from vectors.embedding.one_word import Rows

OPPOSITES = (
    'near does not mean the same: opposites such as "the tone is warm" and "the tone is cold" often lie nearer than '
    "paraphrases"
)
"""True of every recipe tried on the resident model, and on the screen wherever a cosine of texts stands."""


class TextEmbedding(Protocol):
    """A row for each text. `identity` tells apart embeddings that give different rows; part of cache keys."""

    @property
    def identity(self) -> str: ...

    @property
    def warning(self) -> str:
        """The sentence that belongs beside every number made with it."""
        ...

    def missing(self, texts: Sequence[str]) -> list[str]:
        """Those of the texts that it has no row for."""
        ...

    def embed(self, texts: Sequence[str]) -> Steps[Rows]:
        """[texts, width]: one row each; raises if it has none for a text."""
        ...

    def facts(self) -> dict[str, JsonValue]:
        """`embedded_by` and `auroc` of its self-test, None where there was none."""
        ...


class UnfitEmbedding(BadInput):
    """A model whose own embedding does not know paraphrases from other sentences."""
