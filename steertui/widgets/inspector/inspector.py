"""The inspector: one line about the token under the cursor, and a panel about a pinned token."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from rich.cells import cell_len
from rich.segment import Segment

from sessions.state.channel_words import format_plain, format_signed
from sessions.state.state import TokenAlternative
from steertui.text import safe_text
from steertui.widgets.bars import clip_text
from steertui.widgets.inspector.inspection import ChannelProjection, TokenInspection
from steertui.widgets.inspector.kl_panel import share_text
from steertui.widgets.mixer.dial import format_short
from steertui.widgets.painted import Row, RowWidget

QUOTED = 18
NAME = 20
Words = tuple[str, str]
"""The name of a style, and the text in it."""
Field = list[Words]
"""Texts that only make sense together."""
CUT, LEAST = ("change", "mixer"), 12
"""What may be cut, and the cells of it that still tell what it is."""


class Inspector(RowWidget):
    """Shows inspected tokens; its height follows its content."""

    PREFIX = "inspector"
    COMPONENT_CLASSES = {
        f"inspector--{part}" for part in ("place", "token", "text", "quiet", "warn", "change", "mixer")
    }

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.pointed: TokenInspection | None = None
        self.pinned: TokenInspection | None = None

    def show(self, pointed: TokenInspection | None, pinned: TokenInspection | None) -> None:
        if (pointed, pinned) == (self.pointed, self.pinned):
            return
        self.pointed, self.pinned = pointed, pinned
        lines = len(self._lines())
        self.styles.height = lines
        self.display = lines > 0
        self.refresh()

    def rows(self, width: int) -> Sequence[Row]:
        return [self._row(words, width) for words in self._lines()]

    def _lines(self) -> list[list[Field]]:
        lines = token_panel(self.pinned) if self.pinned else []
        # The panel of the pinned token says all that its line would.
        if self.pointed and not (self.pinned and _same_token(self.pointed, self.pinned)):
            lines.append(token_line(self.pointed))
        return lines

    def _row(self, fields: Iterable[Field], width: int) -> Row:
        return [Segment(text, self.part_style(look)) for look, text in fitting_fields(fields, width - 1)]


def fitting_fields(fields: Iterable[Field], room: int) -> Field:
    """As many fields as fit. A field that does not fit ends the line, because a cut number would be a
    wrong number; only fields of plain text may be cut.
    """
    shown: Field = []
    for words in fields:
        size = sum(cell_len(text) for _, text in words)
        if size > room and len(words) == 1 and words[0][0] in CUT and room >= LEAST:
            words = [(words[0][0], clip_text(words[0][1], room))]
            size = room
        if size > room:
            break
        shown += words
        room -= size
    return shown


def token_line(seen: TokenInspection) -> list[Field]:
    """The token in one line, the most important facts first."""
    fields = [*_token_fields(seen), *_unsteered_fields(seen)]
    for gauge in seen.gauges:
        name = clip_text(safe_text(gauge.name), NAME)
        fields.append([("quiet", "  │ "), ("quiet", name), ("text", f" {_sigmas_text(gauge)}")])
        if gauge.held:
            fields[-1].append(("warn", " cap held"))
    if seen.change:
        fields.append([("change", f"  ◆ {safe_text(seen.change.words)}")])
    return fields


def token_panel(seen: TokenInspection) -> list[list[Field]]:
    """All facts about the token, line by line; there is no line for what was not measured."""
    whole = [[("quiet", f" id {seen.token.id}")], *_measurement_fields(seen)]
    lines = [
        [*_token_fields(seen), *_unsteered_fields(seen)],
        whole,
        *_candidate_rows(seen),
        *([_projection_field(each)] for each in seen.gauges),
    ]
    if seen.change:
        ago = (
            f"{seen.tokens_since_change} token{'s' * (seen.tokens_since_change != 1)} before"
            if seen.tokens_since_change
            else "this is the first token after it"
        )
        lines.append(
            [
                [("change", f" ◆ {safe_text(seen.change.words)}")],
                [("quiet", f"  at t {seen.change.at}, {ago}")],
            ]
        )
    lines.append([[("quiet", " mixer ")], [("mixer", safe_text(seen.mixer) or "no steering")]])
    return lines


def _same_token(one: TokenInspection, other: TokenInspection) -> bool:
    return (one.turn, one.index) == (other.turn, other.index)


def _token_fields(seen: TokenInspection) -> list[Field]:
    fields: list[Field] = [[("place", f" t {seen.index} "), ("token", f"“{_token_text(seen)}”")]]
    if seen.token.lp is not None:
        fields.append(
            [
                (
                    "text",
                    f" p {probability_text(seen.token.lp)} (ln {format_signed(seen.token.lp)}){_rank(seen)}",
                )
            ]
        )
    return fields


def _token_text(seen: TokenInspection) -> str:
    """The token's text; for a token without text, such as end of sequence, its name among the top tokens."""
    named = (rival.text for rival in seen.token.top if rival.id == seen.token.id)
    return clip_text(safe_text(seen.token.text or next(named, "") or f"token {seen.token.id}"), QUOTED)


def _unsteered_fields(seen: TokenInspection) -> list[Field]:
    """The token's probability under the unsteered model; known only with a forced shadow."""
    if "lp0" not in seen.values:
        return []
    rank = f" #{seen.values['rank']:.0f}" if "rank" in seen.values else ""
    said = [("quiet", "  unsteered"), ("text", f" p {probability_text(seen.values['lp0'])}{rank}")]
    return [said, *_unsteered_choice(seen)]


def _candidate_rows(seen: TokenInspection) -> list[list[Field]]:
    """The most likely tokens at this place, steered and unsteered, if they were recorded."""
    rows = [("steered", seen.token.top), ("unsteered", seen.token.top0)]
    return [[[("quiet", f" {name:<10}")], *_candidate_fields(seen, top)] for name, top in rows if top]


def _candidate_fields(seen: TokenInspection, top: tuple[TokenAlternative, ...]) -> list[Field]:
    """The candidates with their probabilities; the generated token is highlighted."""
    fields: list[Field] = []
    for rival in top:
        look = "token" if rival.id == seen.token.id else "text"
        fields.append(
            [(look, f"“{clip_text(safe_text(rival.text), QUOTED)}”"), ("quiet", f" {rival.p:.2f}  ")]
        )
    return fields


def _rank(seen: TokenInspection) -> str:
    """The token's rank among the recorded top tokens; `#>5` if it is not one of the five."""
    ids = [rival.id for rival in seen.token.top]
    if not ids:
        return ""
    return f" #{ids.index(seen.token.id) + 1}" if seen.token.id in ids else f" #>{len(ids)}"


def _unsteered_choice(seen: TokenInspection) -> list[Field]:
    """The unsteered model's most likely token, if it is a different one."""
    first = next(iter(seen.token.top0), None)
    if first is None or first.id == seen.token.id:
        return []
    text = clip_text(safe_text(first.text), QUOTED)
    return [[("quiet", " rather "), ("token", f"“{text}”"), ("quiet", f" {first.p:.2f}")]]


def _measurement_fields(seen: TokenInspection) -> list[Field]:
    named = {"entropy": "entropy", "kl": "KL", "delta": "‖Δ‖/‖h‖"}
    fields: list[Field] = [
        [("quiet", f"  {words} {seen.values[key]:.2f}")] for key, words in named.items() if key in seen.values
    ]
    if "experts" in seen.values:
        fields.append([("quiet", f"  {share_text(seen.values['experts'])} of experts changed")])
    return fields


def _projection_field(gauge: ChannelProjection) -> Field:
    words = [
        ("quiet", f" {clip_text(safe_text(gauge.name), NAME).ljust(NAME)} "),
        ("text", f"{_sigmas_text(gauge):<16}"),
        ("quiet", f" {format_short(gauge.before)}"),
    ]
    if gauge.after is not None and gauge.moved:
        words.append(("quiet", f" → {format_short(gauge.after)}"))
    if gauge.held is not None:
        words.append(("warn", "  cap held it") if gauge.held else ("quiet", "  cap not reached"))
    return words


def _sigmas_text(gauge: ChannelProjection) -> str:
    """The projection in σ before steering, and after it if steering changed it."""
    before = f"{format_signed(gauge.sigmas_before, 1)}σ"
    if not gauge.moved or gauge.sigmas_after is None:
        return before
    return f"{before} → {format_signed(gauge.sigmas_after, 1)}σ"


def probability_text(logprob: float) -> str:
    """A probability from its logarithm, with enough digits for small values."""
    # Rounding may leave a log-probability just above 0.
    p = math.exp(min(logprob, 0.0))
    return f"{p:.2f}" if p >= 0.005 else format_plain(float(f"{p:.1g}"))
