"""HTML: one self-contained file without scripts; tokens are coloured by their projection on a channel."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from sessions.export import Clean
from sessions.export.facts import VISIBLE, collect_facts, settings_line
from sessions.journal.codec import JournalRecord
from sessions.state.state import AnswerToken, Turn

POLICY = "default-src 'none'; style-src 'unsafe-inline'"
STYLE = """
body { max-width: 46rem; margin: 2rem auto; padding: 0 1rem; font: 1rem/1.6 Georgia, serif; color: #222; }
h1, h2, .marker, footer { font-family: system-ui, sans-serif; }
h1 { font-size: 1.2rem; } h2 { font-size: .9rem; color: #666; margin: 2rem 0 .3rem; }
.said { white-space: pre-wrap; overflow-wrap: anywhere; }
.marker { display: block; margin: .6rem 0; font-size: .85rem; color: #8a4b00; border-bottom: 1px solid #e5c9a5; }
footer { margin-top: 3rem; font-size: .8rem; color: #666; }
"""
WARM, COLD = "214,120,20", "40,110,190"
"""Orange and blue, which people with colour blindness can tell apart."""


def export(records: tuple[JournalRecord, ...], clean: Clean) -> str:
    facts = collect_facts(records)
    model = facts.model.name if facts.model else "no model"
    turns = [*facts.state.path(), *facts.branches]
    # A dict, to keep the order in which the channels occur.
    channels = {name: None for turn in turns for token in turn.tokens for name in token.proj}
    # Colours show one channel: the first that was measured.
    channel = next(iter(channels), "")
    body = "".join("".join(_turn(turn, channel, clean)) for turn in turns)
    title = escape_text(f"Session {facts.opening.session}", clean)
    legend = f" · colour: projection on {escape_text(channel, clean)}" if channel else ""
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}"><style>{STYLE}</style></head>\n'
        f"<body><h1>{title}</h1><p>{escape_text(model, clean)} · {escape_text(facts.opening.wall, clean)}{legend}</p>\n"
        f"{body}<footer>steertui {escape_text(facts.opening.app, clean)}</footer></body></html>\n"
    )


def escape_text(raw: str, clean: Clean) -> str:
    return escape(clean(raw), quote=True)


def _turn(turn: Turn, channel: str, clean: Clean) -> Iterator[str]:
    yield f'<h2>{escape_text(f"{turn.role} · turn {turn.id}", clean)}</h2>\n<div class="said">'
    if turn.given_text:
        yield "<br>".join(escape_text(line, clean) for line in turn.given_text.split("\n"))
    # Colours are relative to the strongest token of this turn.
    scale = (
        max((abs(token.proj[channel]) for token in turn.tokens if channel in token.proj), default=1.0) or 1.0
    )
    for at, token in enumerate(turn.tokens):
        yield from _markers(turn, at, clean)
        yield _token(token, channel, scale, clean)
    yield from _markers(turn, len(turn.tokens), clean)
    yield f"</div><p>{escape_text(settings_line(turn), clean)}</p>\n" if turn.gen is not None else "</div>\n"


def _markers(turn: Turn, at: int, clean: Clean) -> Iterator[str]:
    for marker in turn.markers:
        if marker.at == at and marker.kind in VISIBLE:
            line = f"<br><code>{escape_text(marker.expression, clean)}</code>" if marker.expression else ""
            yield f'<span class="marker">◆ t {at} · {escape_text(marker.words, clean)}{line}</span>'


def _token(token: AnswerToken, channel: str, scale: float, clean: Clean) -> str:
    text = "<br>".join(escape_text(line, clean) for line in token.text.split("\n"))
    if channel not in token.proj:
        return text
    value = token.proj[channel]
    colour = f"rgba({WARM if value > 0 else COLD},{min(0.6, 0.6 * abs(value) / scale):.2f})"
    return f'<span style="background:{colour}" title="{value:+.3g}">{text}</span>'
