"""One answer of a batch: what is asked for, the answer while it grows, and the finished answer."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from core.generation.endings import TextStream, end_ids
from core.generation.sampling import TokenSampler
from core.mixer.mixer import Mixer
from core.regions.region_reader import RegionReader
from core.regions.spoken_part import LONGEST_THOUGHT, SpokenPart

if TYPE_CHECKING:
    from core.model.model import Model


@dataclass(frozen=True)
class LaneRequest:
    """An answer to generate: prompt ids, mixer and settings; the seed is the answer's own.

    `spoken_only`: thoughts do not count as new tokens, and are closed where they become too long.
    """

    ids: tuple[int, ...]
    mixer: Mixer = field(default_factory=Mixer)
    sampling: TokenSampler = field(default_factory=TokenSampler)
    stops: tuple[str, ...] = ()
    max_new_tokens: int = 256
    ignore_end: bool = False
    spoken_only: bool = False

    @property
    def longest(self) -> int:
        """Positions that prompt and answer take at most."""
        thoughts = 2 * LONGEST_THOUGHT if self.spoken_only else 0
        return len(self.ids) + self.max_new_tokens + thoughts


@dataclass(frozen=True)
class LaneAnswer:
    """A finished answer to request `number`; `spoke_s` is the time from its first to its last token, `error` says
    why it broke off, if it did. What it says to the user begins at token `begins`.
    """

    number: int
    token_ids: tuple[int, ...]
    texts: tuple[str, ...]
    logprobs: tuple[float, ...]
    entropies: tuple[float, ...]
    stop_reason: str
    spoke_s: float = 0.0
    error: str = ""
    begins: int = 0

    @property
    def text(self) -> str:
        return "".join(self.texts)


class AnswerEnds:
    """What ends or divides the answers of one model: end tokens, the marks of regions, the length of the context."""

    def __init__(self, model: Model) -> None:
        self.tokenizer, self.max_context = model.tokenizer, model.max_context
        self.end_ids = end_ids(model.hf, model.tokenizer)
        self.notation = model.notation


class GrowingAnswer:
    """The tokens of one answer so far, and whether it has ended."""

    def __init__(self, ends: AnswerEnds, number: int, request: LaneRequest) -> None:
        self.number, self.request = number, request
        self.ids: list[int] = []
        self._texts: list[str] = []
        self._logprobs: list[float] = []
        self._entropies: list[float] = []
        self._times = 0.0, 0.0
        self._ends = ends
        self._regions = RegionReader(ends.notation, ends.tokenizer)
        self._regions.begin(request.ids)
        self._stream = TextStream(ends.tokenizer, request.stops, self._regions.marks)
        self._spoken = SpokenPart(ends.notation if request.spoken_only else None, ends.tokenizer, request.ids)

    @property
    def context(self) -> list[int]:
        return [*self.request.ids, *self.ids]

    @property
    def phase(self) -> str:
        """The phase of the last position, which produces the next token."""
        return self._regions.region

    @property
    def last_id(self) -> int:
        """The id that the next pass feeds: the prompt's last one at first, then the newest token."""
        return self.ids[-1] if self.ids else self.request.ids[-1]

    @property
    def closing_token(self) -> int | None:
        """The token that closes a thought which is too long, in place of a sampled one."""
        return self._spoken.closing_token

    def add(self, token: int, logprob: float, entropy: float) -> None:
        now = time.monotonic()
        self._times = (self._times[0] if self.ids else now), now
        self.ids.append(token)
        self._regions.feed(token)
        self._spoken.add(token)
        self._texts.append(self._stream.push(token))
        self._logprobs.append(logprob)
        self._entropies.append(entropy)

    @property
    def stop_reason(self) -> str | None:
        """Why the answer has ended, None while it goes on; the order is that of a single answer."""
        if self._stream.stopped:
            return "stop"
        if self.ids and not self.request.ignore_end and self.ids[-1] in self._ends.end_ids:
            return "eos"
        if self._spoken.count >= self.request.max_new_tokens or self.context_length >= self.request.longest:
            return "length"
        return "context" if self.context_length >= self._ends.max_context else None

    @property
    def context_length(self) -> int:
        return len(self.request.ids) + len(self.ids)

    def finish(self, reason: str, error: str = "") -> LaneAnswer:
        texts = list(self._texts)
        if texts:
            # Text that was held back as a possible part of a stop text or character.
            texts[-1] += self._stream.flush()
        columns = tuple(self.ids), tuple(texts), tuple(self._logprobs), tuple(self._entropies)
        took = self._times[1] - self._times[0]
        return LaneAnswer(self.number, *columns, reason, took, error, self._spoken.first_said)


def aged_mixer(mixer: Mixer, age: int) -> Mixer:
    """The mixer with every half-life applied to its scale: lanes of one pass differ in age.

    scale · 0.5^(age / half-life), as in `core.mixer.effects.channel_effects`.
    """
    channels = [
        c
        if c.half_life is None
        else replace(c, scale=c.scale * math.pow(0.5, age / c.half_life), half_life=None)
        for c in mixer.channels
    ]
    return replace(mixer, channels=tuple(channels))


def has_half_life(mixers: Sequence[Mixer]) -> bool:
    return any(c.half_life is not None for mixer in mixers for c in mixer.channels)
