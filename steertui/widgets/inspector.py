"""The inspector: one token under the glass, in one line while the cursor walks, in a panel once it is pinned."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from rich.cells import cell_len
from rich.segment import Segment

from sessions.state import Candidate
from steertui.text import safe_text
from steertui.widgets.bars import clip
from steertui.widgets.dial import plain, short, signed
from steertui.widgets.inspection import Gauge, Inspection
from steertui.widgets.painted import Painted, Row

QUOTED = 18
NAME = 20
Words = tuple[str, str]
"""A look and what it says."""


class Inspector(Painted):
    """Shows what it is told; as high as what it has to say."""

    PREFIX = "inspector"
    COMPONENT_CLASSES = {
        f"inspector--{part}" for part in ("place", "token", "text", "quiet", "warn", "change")
    }

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.pointed: Inspection | None = None
        self.pinned: Inspection | None = None

    def show(self, pointed: Inspection | None, pinned: Inspection | None) -> None:
        if (pointed, pinned) == (self.pointed, self.pinned):
            return
        self.pointed, self.pinned = pointed, pinned
        lines = len(self._lines())
        self.styles.height = lines
        self.display = lines > 0
        self.refresh()

    def rows(self, width: int) -> Sequence[Row]:
        return [self._row(words, width) for words in self._lines()]

    def _lines(self) -> list[list[Words]]:
        lines = panel(self.pinned) if self.pinned else []
        if self.pointed and not (self.pinned and _same(self.pointed, self.pinned)):
            lines.append(line(self.pointed))
        return lines

    def _row(self, words: Iterable[Words], width: int) -> Row:
        """As many of the words as fit; the last one that does not is cut."""
        row, room = [], width - 1
        for look, text in words:
            shown = clip(text, room)
            row.append(Segment(shown, self.part(look)))
            room -= cell_len(shown)
            if shown != text or room <= 0:
                break
        return row


def line(seen: Inspection) -> list[Words]:
    """The token in one line, what matters most first."""
    parts = [*_token(seen), *_unsteered(seen)]
    for gauge in seen.gauges:
        parts += [
            ("quiet", "  │ "),
            ("quiet", clip(safe_text(gauge.name), NAME)),
            ("text", f" {_sigmas(gauge)}"),
        ]
        if gauge.held:
            parts.append(("warn", " cap held"))
    if seen.change:
        parts.append(("change", f"  ◆ {safe_text(seen.change.words)}"))
    return parts


def panel(seen: Inspection) -> list[list[Words]]:
    """Everything about it, line by line; what was not measured has no line."""
    whole = [("quiet", f" id {seen.token.id}"), *_measures(seen)]
    lines = [[*_token(seen), *_unsteered(seen)], whole, *_rivals(seen), *map(_gauge, seen.gauges)]
    if seen.change:
        ago = (
            f"{seen.ago} token{'s' * (seen.ago != 1)} before"
            if seen.ago
            else "this is the first token under it"
        )
        lines.append(
            [("change", f" ◆ {safe_text(seen.change.words)}"), ("quiet", f"  at t {seen.change.at}, {ago}")]
        )
    lines.append([("quiet", " mixer "), ("text", safe_text(seen.mixer) or "no steering")])
    return lines


def _same(one: Inspection, other: Inspection) -> bool:
    return (one.turn, one.index) == (other.turn, other.index)


def _token(seen: Inspection) -> list[Words]:
    text = clip(safe_text(seen.token.text), QUOTED)
    words = [("place", f" t {seen.index} "), ("token", f"“{text}”")]
    if seen.token.lp is not None:
        words.append(("text", f" p {chance(seen.token.lp)} (ln {signed(seen.token.lp)}){_rank(seen)}"))
    return words


def _unsteered(seen: Inspection) -> list[Words]:
    """What the unsteered model thinks of this very token; only a forced shadow knows."""
    if "lp0" not in seen.values:
        return []
    rank = f" #{seen.values['rank']:.0f}" if "rank" in seen.values else ""
    return [("quiet", "  unsteered"), ("text", f" p {chance(seen.values['lp0'])}{rank}"), *_instead(seen)]


def _rivals(seen: Inspection) -> list[list[Words]]:
    """The likeliest tokens in its place, steered and unsteered, if they were asked for."""
    rows = [("steered", seen.token.top), ("unsteered", seen.token.top0)]
    return [[("quiet", f" {name:<10}"), *_likely(seen, top)] for name, top in rows if top]


def _likely(seen: Inspection, top: tuple[Candidate, ...]) -> list[Words]:
    """The token that was said stands out."""
    words: list[Words] = []
    for rival in top:
        look = "token" if rival.id == seen.token.id else "text"
        words += [(look, f"“{clip(safe_text(rival.text), QUOTED)}”"), ("quiet", f" {rival.p:.2f}  ")]
    return words


def _rank(seen: Inspection) -> str:
    """Its place among the likeliest, `>5` when it is not one of the five that were told."""
    ids = [rival.id for rival in seen.token.top]
    if not ids:
        return ""
    return f" #{ids.index(seen.token.id) + 1}" if seen.token.id in ids else f" #>{len(ids)}"


def _instead(seen: Inspection) -> list[Words]:
    """The unsteered model's favourite, where it is another token."""
    first = next(iter(seen.token.top0), None)
    if first is None or first.id == seen.token.id:
        return []
    return [
        ("quiet", " rather "),
        ("token", f"“{clip(safe_text(first.text), QUOTED)}”"),
        ("quiet", f" {first.p:.2f}"),
    ]


def _measures(seen: Inspection) -> list[Words]:
    named = {"entropy": "entropy", "kl": "KL", "delta": "‖Δ‖/‖h‖"}
    return [
        ("quiet", f"  {words} {seen.values[key]:.2f}") for key, words in named.items() if key in seen.values
    ]


def _gauge(gauge: Gauge) -> list[Words]:
    words = [
        ("quiet", f" {clip(safe_text(gauge.name), NAME).ljust(NAME)} "),
        ("text", f"{_sigmas(gauge):<16}"),
        ("quiet", f" {short(gauge.before)}"),
    ]
    if gauge.after is not None and gauge.moved:
        words.append(("quiet", f" → {short(gauge.after)}"))
    if gauge.held is not None:
        words.append(("warn", "  cap held it") if gauge.held else ("quiet", "  cap not reached"))
    return words


def _sigmas(gauge: Gauge) -> str:
    """Before the stages, and after them where they moved it."""
    before = f"{signed(gauge.sigmas_before, 1)}σ"
    if not gauge.moved or gauge.sigmas_after is None:
        return before
    return f"{before} → {signed(gauge.sigmas_after, 1)}σ"


def chance(logprob: float) -> str:
    """A probability from its logarithm, with two digits however small it is."""
    p = math.exp(min(logprob, 0.0))
    return f"{p:.2f}" if p >= 0.005 else plain(float(f"{p:.1g}"))
