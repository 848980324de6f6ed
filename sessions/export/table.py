"""CSV: a row per token and per change between tokens, for spreadsheets and data frames."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from sessions.export import Clean
from sessions.export.facts import collect_facts
from sessions.journal.codec import JournalRecord
from sessions.state.state import AnswerToken, Turn

COLUMNS = ("turn", "parent", "at", "kind", "id", "text", "logprob", "mixer")
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def export(records: tuple[JournalRecord, ...], clean: Clean) -> str:
    answers = [turn for turn in collect_facts(records).state.turns.values() if turn.gen is not None]
    measurements = sorted(
        {name for turn in answers for token in turn.tokens for name in (*token.proj, *token.values)}
    )
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow([*COLUMNS, *(guard_cell(name, clean) for name in measurements)])
    for turn in answers:
        table.writerows(_rows(turn, measurements, clean))
    return out.getvalue()


def _rows(turn: Turn, measurements: list[str], clean: Clean) -> Iterator[list[object]]:
    """The rows of an answer; markers come before the token they act on."""
    where = [turn.id, turn.parent]
    # One more than tokens: markers can stand after the last one.
    for at in range(len(turn.tokens) + 1):
        for marker in (m for m in turn.markers if m.at == at):
            words, line = guard_cell(marker.words, clean), guard_cell(marker.expression, clean)
            yield [*where, at, marker.kind, "", words, "", line]
        if at < len(turn.tokens):
            token = turn.tokens[at]
            text = guard_cell(token.text, clean)
            yield [
                *where,
                at,
                "token",
                token.id,
                text,
                token.lp,
                token.mix,
                *_reading_columns(token, measurements),
            ]


def _reading_columns(token: AnswerToken, measurements: list[str]) -> list[object]:
    return [{**token.values, **token.proj}.get(name, "") for name in measurements]


def guard_cell(text: str, clean: Clean) -> str:
    """Prefix a quote to text that a spreadsheet would run as a formula."""
    text = clean(text)
    return "'" + text if text.startswith(FORMULA) else text
