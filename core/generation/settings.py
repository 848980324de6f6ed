"""The settings of one answer besides steering."""

from __future__ import annotations

from dataclasses import dataclass, field

from core.errors import UsageError
from core.generation.probabilities import MOST
from core.generation.sampling import TokenSampler
from core.mixer.lanes import SOLO, Lanes
from core.steering.plan import Meters


@dataclass(frozen=True)
class DecoderSettings:
    """Generation settings of one answer.

    `edges` are the chunk boundaries of an earlier run in the order in which they were met, to repeat it exactly; None
    where there is none. `inspect` is how many of the most likely tokens to report per token. After `thought_budget`
    tokens a thought is closed; 0 is no limit.
    """

    max_new_tokens: int = 256
    sampling: TokenSampler = field(default_factory=TokenSampler)
    stops: tuple[str, ...] = ()
    cache: str = "keep"
    lanes: Lanes = SOLO
    meters: Meters | None = None
    ignore_end: bool = False
    edges: tuple[int, ...] | None = None
    inspect: int = 0
    thought_budget: int = 0

    def __post_init__(self) -> None:
        if self.max_new_tokens < 1:
            raise UsageError(f"max new tokens must be at least 1, got {self.max_new_tokens}")
        if self.cache not in ("keep", "rebuild"):
            raise UsageError(f"cache must be keep or rebuild, not {self.cache!r}")
        if not 0 <= self.inspect <= MOST:
            raise UsageError(f"inspect takes 0 to {MOST} tokens per step, not {self.inspect}")
