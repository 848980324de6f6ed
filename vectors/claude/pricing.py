"""Prices of Claude models per million tokens, and the cost bound that is shown before anything is sent.

Prices from platform.claude.com's model pages as of November 2026, without caching and batches, which we do
not use. A model that is not listed can be used; its cost is counted only in tokens.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from vectors.claude.question import ClaudeQuestion

DEFAULT_MODEL = "claude-sonnet-5-5"
MILLION = 1e6
BYTES_PER_TOKEN = 2.0  # a bound: English has about 3.5 in the tokenizer of the models since 4.7


@dataclass(frozen=True)
class TokenPrice:
    """Dollars per million tokens; `effort` says whether the model takes output_config.effort."""

    input: float
    output: float
    effort: bool = True


PRICES = {
    "claude-fable-5-1": TokenPrice(10, 50),
    "claude-fable-5": TokenPrice(10, 50),
    "claude-mythos-5-1": TokenPrice(10, 50),
    "claude-mythos-5": TokenPrice(10, 50),
    "claude-opus-5-5": TokenPrice(4, 20),
    "claude-opus-5": TokenPrice(5, 25),
    "claude-opus-4-8": TokenPrice(5, 25),
    "claude-opus-4-7": TokenPrice(5, 25),
    "claude-opus-4-6": TokenPrice(5, 25),
    "claude-opus-4-5": TokenPrice(5, 25),
    "claude-sonnet-5-5": TokenPrice(2, 10),
    "claude-sonnet-5": TokenPrice(2, 10),
    "claude-sonnet-4-6": TokenPrice(3, 15),
    "claude-sonnet-4-5": TokenPrice(3, 15, effort=False),
    "claude-haiku-5-5": TokenPrice(0.10, 0.50),
    "claude-haiku-4-5": TokenPrice(1, 5, effort=False),
}


@dataclass(frozen=True)
class ClaudeCost:
    """Calls and tokens, estimated or used; `dollars` is None if no price is known."""

    calls: int = 0
    input: int = 0
    output: int = 0
    dollars: float | None = 0.0
    cached: int = 0

    def __add__(self, other: ClaudeCost) -> ClaudeCost:
        known = None not in (self.dollars, other.dollars)
        return ClaudeCost(
            self.calls + other.calls,
            self.input + other.input,
            self.output + other.output,
            (self.dollars or 0.0) + (other.dollars or 0.0) if known else None,
            self.cached + other.cached,
        )

    def __str__(self) -> str:
        money = "no price known" if self.dollars is None else f"${self.dollars:.4f}"
        again = f", {self.cached} from the cache" if self.cached else ""
        return f"{self.calls} calls, {self.input + self.output:,} tokens, {money}{again}"


def find_price(model: str) -> TokenPrice | None:
    """The price of a model, or of a dated snapshot such as claude-haiku-4-5-20251001; None if unknown."""
    stem, _, date = model.rpartition("-")
    return PRICES.get(model) or (PRICES.get(stem) if len(date) == 8 and date.isdigit() else None)


def call_cost(model: str, input_tokens: int, output_tokens: int) -> ClaudeCost:
    """Cost of one call with this many tokens."""
    known = find_price(model)
    dollars = None
    if known:
        dollars = (input_tokens * known.input + output_tokens * known.output) / MILLION
    return ClaudeCost(1, input_tokens, output_tokens, dollars)


def call_bound(question: ClaudeQuestion) -> ClaudeCost:
    """Upper bound for one call: its bytes as tokens, and the maximum output."""
    return call_cost(
        question.model, int(len(question.serialized.encode()) / BYTES_PER_TOKEN), question.max_tokens
    )


def estimate_calls(questions: Iterable[ClaudeQuestion]) -> ClaudeCost:
    """Upper bound for many calls, shown before the first one is made."""
    total = sum((call_bound(question) for question in questions), ClaudeCost())
    return replace(total, dollars=total.dollars if total.calls else 0.0)
