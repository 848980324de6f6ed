"""Markdown: a transcript with every change at its token, and the metadata needed to reproduce it."""

from __future__ import annotations

from collections.abc import Iterator

from sessions.export import Clean
from sessions.export.facts import VISIBLE, SessionFacts, collect_facts, settings_line
from sessions.journal.codec import JournalRecord
from sessions.state.state import JobState, Turn

NAMES = {"user": "You", "assistant": "Model", "system": "System", "tool": "Tool"}


def export(records: tuple[JournalRecord, ...], clean: Clean) -> str:
    facts = collect_facts(records)
    model = facts.model.name if facts.model else "no model"
    blocks = [
        f"# {escape_markdown(clean(f'Session {facts.opening.session}'))}",
        escape_markdown(clean(f"{model} · {facts.opening.wall}")),
    ]
    for turn in facts.state.path():
        blocks += _turn(turn, clean)
    if facts.branches:
        blocks.append("## Other branches")
    for turn in facts.branches:
        blocks.append(f"*after turn {turn.parent}*")
        blocks += _turn(turn, clean)
    for job in facts.state.jobs.values():
        blocks += _job(job, clean)
    return "\n\n".join([*blocks, *_reproducibility(facts, clean)]) + "\n"


def _job(job: JobState, clean: Clean) -> Iterator[str]:
    """A job's parameters and message; its results are in the files it wrote."""
    yield f"## {escape_markdown(clean(f'Job {job.id} · {job.kind} · {job.state}'))}"
    params = [f"{name}={value}" for name, value in job.params.items() if value not in (None, "", ())]
    if lines := [*params, *([job.message] if job.message else [])]:
        yield "\n".join(f"    {clean(line)}" for line in lines)


def _turn(turn: Turn, clean: Clean) -> Iterator[str]:
    yield f"## {escape_markdown(clean(NAMES.get(turn.role, turn.role)))} · turn {turn.id}"
    if turn.gen is None:
        yield quote_text(turn.text, clean)
        return
    yield from _with_markers(turn, clean)
    parts = [f"{len(turn.tokens)} tokens", turn.stop or "unfinished", settings_line(turn)]
    yield f"*{escape_markdown(clean(', '.join(filter(None, parts))))}*"


def _with_markers(turn: Turn, clean: Clean) -> Iterator[str]:
    """The answer split at its markers; text before the first marker is one paragraph."""
    start, words = 0, turn.given_text
    # Markers are in the order of events; a mixer change acts from a later token than it is recorded at.
    for marker in sorted((m for m in turn.markers if m.kind in VISIBLE), key=lambda m: m.at):
        words += "".join(token.text for token in turn.tokens[start : marker.at])
        if words:
            yield quote_text(words, clean)
        yield f"**◆ t {marker.at} · {escape_markdown(clean(marker.words))}**"
        if marker.expression:
            yield f"    {clean(marker.expression)}"
        start, words = marker.at, ""
    # The rest after the last marker.
    words += "".join(token.text for token in turn.tokens[start:])
    if words:
        yield quote_text(words, clean)


def _reproducibility(facts: SessionFacts, clean: Clean) -> Iterator[str]:
    yield "## To repeat this"
    lines = [f"steertui {facts.opening.app}"]
    lines += [f"{name} {version}" for name, version in facts.opening.versions.items()]
    if facts.model:
        shown = ("kind", "dtype", "device", "n_layers", "hidden_size", "fingerprint")
        lines += [f"model {facts.model.name}"]
        lines += [f"model {key} {facts.model.facts[key]}" for key in shown if key in facts.model.facts]
    lines += [f"vector {vector.name} sha256 {vector.sha256}" for vector in facts.vectors]
    lines += [f"{name}={value}" for name, value in facts.opening.numerics.items()]
    yield "\n".join(f"    {clean(line)}" for line in lines)


def quote_text(text: str, clean: Clean) -> str:
    """Text as a Markdown quotation, with its own markup escaped."""
    return "\n".join(f"> {escape_markdown(clean(line))}" if line else ">" for line in text.split("\n"))


def escape_markdown(text: str) -> str:
    """Escape Markdown's special characters, including raw HTML and images."""
    return "".join(f"\\{c}" if c in "\\`*_[]<>#!|~&" else c for c in text)
