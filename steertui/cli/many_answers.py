"""`say` with many prompts or doses: runs the job of many answers and prints its rows.

Rows are printed in the order of the file, each as soon as those before it are known.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from core.errors import PartlyDone
from sessions.journal import events as ev
from sessions.state.state import SessionState
from steertui.cli.backend import print_note
from steertui.cli.output.answer import AnswerReport
from steertui.cli.output.dose_table import render_doses
from steertui.cli.prepared import ChatSetup
from steertui.text import safe_text

INTERRUPTED = 130
Row = dict[str, Any]


@dataclass
class AnswerRows:
    """The rows so far by number; `show` gets each in order."""

    show: Callable[[Row], None]
    known: dict[int, Row] = field(default_factory=dict)
    shown: int = 0

    def add(self, number: int, row: Row) -> None:
        self.known[number] = row
        while self.shown in self.known:
            self.show(self.known[self.shown])
            self.shown += 1

    def show_rest(self) -> None:
        """Show the rows that wait for one that will not come."""
        for number in sorted(number for number in self.known if number >= self.shown):
            self.show(self.known[number])

    @property
    def in_order(self) -> list[Row]:
        return [self.known[number] for number in sorted(self.known)]


def say_many(setup: ChatSetup, asked: Mapping[str, Any], *, as_json: bool, as_events: bool) -> int:
    """Answer `asked` and print rows, a table of doses, or one JSON object; returns the exit code."""
    has_table = bool(asked.get("doses"))
    rows = AnswerRows(_print_nothing if as_json or as_events or has_table else _print_row)
    for event in setup.stream_answers(asked):
        if isinstance(event, ev.LaneAnswered):
            rows.add(event.number, answer_row(setup.state, event))
    assert isinstance(event, ev.JobChanged)
    summary = event.event
    if "estimate" in summary:
        return _print_estimate(summary["estimate"], as_json=as_json)
    interrupted = event.state == "cancelled"
    if as_json:
        print_json({"answers": rows.in_order, **_facts(setup.state, summary, interrupted=interrupted)})
    elif has_table and not as_events:
        _print_lines(render_doses(rows.in_order))
    else:
        rows.show_rest()
    _print_notes(summary, rows, interrupted=interrupted)
    failed = sum("error" in row for row in rows.in_order)
    if failed and not interrupted:
        what = "answers" if has_table else "prompts"
        raise PartlyDone(f"{failed} of {len(rows.known)} {what} failed, see their rows")
    return INTERRUPTED if interrupted else 0


def answer_row(state: SessionState, event: ev.LaneAnswered) -> Row:
    """One answer as JSON: its prompt, the other fields of its line, its dose, and what `say` says of one answer."""
    row: Row = {"prompt": event.prompt, **event.about, "dose": event.dose}
    if event.message:
        return row | {"error": event.message, "exit_code": event.code}
    stop = ev.AnswerStopped(
        gen=event.gen, reason=event.stop, tokens=len(event.token_ids), spoke_ms=event.spoke_ms
    )
    answer = AnswerReport.of(state, stop, ()).to_json()
    said = {"mixer": event.mixer, "expression": event.expression, "seed": event.settings.get("seed", 0)}
    return row | answer | said | {"flags": {**event.flags}}


def print_json(value: Mapping[str, Any]) -> None:
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


def _print_row(row: Row) -> None:
    print_json(row)


def _print_nothing(row: Row) -> None:
    """The rows are printed at the end, or as events."""


def _print_lines(lines: Any) -> None:
    sys.stdout.write("".join(f"{safe_text(line)}\n" for line in lines))


def _print_estimate(found: Mapping[str, Any], *, as_json: bool) -> int:
    if as_json:
        print_json({"estimate": found})
    else:
        _print_lines(
            [
                f"{found['answers']} answers, at most {found['tokens']} tokens: at most about {found['seconds']:g} s"
            ]
        )
    return 0


def _facts(state: SessionState, summary: Mapping[str, Any], *, interrupted: bool) -> dict[str, Any]:
    names = ("n", "doses", "lanes", "one_by_one")
    facts = {name: summary[name] for name in names if name in summary}
    return {**facts, "session": state.session, "interrupted": interrupted}


def _print_notes(summary: Mapping[str, Any], rows: AnswerRows, *, interrupted: bool) -> None:
    if summary.get("one_by_one"):
        print_note(f"{summary['one_by_one']} of {summary['n']} answers one by one: {summary['reason']}")
    if interrupted:
        print_note(
            f"interrupted: {len(rows.known)} answers are done and kept; "
            "the same command again goes on with the others"
        )
