"""asciicast v3: a terminal recording of the session, rebuilt from its events with their original timing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime

from sessions.export import Clean
from sessions.export.facts import collect_facts
from sessions.export.playback import in_reading_order
from sessions.journal import events as ev
from sessions.journal.codec import JournalRecord
from sessions.state.event_words import rewind_words

WIDTH, HEIGHT = 100, 30
LONGEST_PAUSE = 2.0
DIM, BOLD, AMBER, PLAIN = "\x1b[2m", "\x1b[1m", "\x1b[33m", "\x1b[0m"


def export(records: tuple[JournalRecord, ...], clean: Clean) -> str:
    facts = collect_facts(records)
    header = {
        "version": 3,
        "term": {"cols": WIDTH, "rows": HEIGHT},
        "title": clean(f"steertui session {facts.opening.session}"),
        "idle_time_limit": LONGEST_PAUSE,
    }
    if (began := _timestamp(facts.opening.wall)) is not None:
        header["timestamp"] = began
    return "".join(json.dumps(line) + "\n" for line in [header, *_frames(records, clean)])


def _frames(records: tuple[JournalRecord, ...], clean: Clean) -> Iterator[list[object]]:
    """Terminal output with the delay since the previous output; delays of invisible events are added up."""
    waited = 0
    for record in in_reading_order(records):
        waited += record.m
        text = render_event(record.event, clean)
        if text:
            yield [round(waited / 1000, 3), "o", text]
            if isinstance(record.event, ev.MixerChanged):
                # A marker in the recording, to which a player can jump.
                yield [0.0, "m", clean(record.event.words)]
            waited = 0


def render_event(event: ev.Event, clean: Clean) -> str:
    """An event as terminal text: our colours around sanitised text."""
    match event:
        case ev.TurnAdded():
            return f"\r\n{BOLD}{clean(event.role)}{PLAIN}  {terminal_lines(event.text, clean)}\r\n"
        case ev.AnswerStarted():
            return f"\r\n{BOLD}model{PLAIN}  {terminal_lines(str(event.settings.get('prefill', '')), clean)}"
        case ev.TokensGenerated() if event.lane == 0:
            return terminal_lines("".join(event.text), clean)
        case ev.MixerChanged():
            line = f"{DIM}{clean(event.expression)}{PLAIN}\r\n" if event.expression else ""
            return f"\r\n{AMBER}◆ {clean(event.words)}{PLAIN}\r\n{line}"
        case ev.TextInjected():
            return f"\r\n{AMBER}◆ distractor: {clean(event.text)}{PLAIN}\r\n"
        case ev.AnswerRewound():
            return f"\r\n{AMBER}◆ {rewind_words(event)}{PLAIN}\r\n"
        case ev.JobChanged() if event.state not in ("running", "queued"):
            return f"\r\n{AMBER}◆ job {clean(event.kind)}: {clean(event.state)}{PLAIN}\r\n"
        case ev.AnswerStopped():
            return f"\r\n{DIM}[{clean(event.reason)}, {event.tokens} tokens]{PLAIN}\r\n"
    return ""


def terminal_lines(text: str, clean: Clean) -> str:
    # Cleaned line by line: `clean` would remove the line breaks too.
    return "\r\n".join(clean(line) for line in text.split("\n"))


def _timestamp(wall: str) -> int | None:
    try:
        return int(datetime.fromisoformat(wall).timestamp())
    except ValueError:
        return None
