"""Contrast sets for a terminal and as JSON: the built-in ones as a list, one set with its counts and first pair."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from steertui.cli.output import pair_table
from steertui.cli.output.named_list import named_lines

PREVIEW = 400


def built_in_report() -> dict[str, Any]:
    from vectors.contrasts.catalogue import BUILT_IN

    return {
        "sets": [
            {
                "name": built.name,
                "world": built.world,
                "about": built.about,
                "pairs": len(built.make()),
                "read": built.read,
                "poles": list(built.poles),
            }
            for built in BUILT_IN.values()
        ]
    }


def set_report(name: str, rows: int | None = None) -> dict[str, Any]:
    from vectors.contrasts.catalogue import contrast

    found = contrast(name)
    first = found.pairs[0] if found.pairs else None
    table = {} if rows is None else {"rows": pair_table.table_rows(found, rows)}
    return table | {
        "name": found.name,
        "shape": found.shape,
        "pairs": len(found.pairs),
        "prompts": len(found.prompts),
        "distinct": len({pair.key for pair in found.pairs}),
        "domains": found.domains,
        "poles": list(found.poles),
        "read": found.read,
        "about": found.about,
        "sha256": found.sha256,
        "warnings": list(found.warnings),
        "first": {"positive": first.positive, "negative": first.negative} if first else found.prompts[0],
    }


def render_list(report: Mapping[str, Any]) -> Iterator[str]:
    for built in report["sets"]:
        facts = f"{built['pairs']:>4} pairs  {built['world']:<8}"
        yield from named_lines([(built["name"], built["about"])], column=20, facts=facts)
        yield f"{'':<20} + {built['poles'][0]}, − {built['poles'][1]}  (read {built['read']})"


def render_set(report: Mapping[str, Any]) -> Iterator[str]:
    amount = f"{report['pairs']} pairs" if report["pairs"] else f"{report['prompts']} prompts, no pairs"
    yield f"{report['name']}: {amount} in the shape {report['shape']}"
    if report["about"]:
        yield f"  {report['about']}"
    if report["pairs"]:
        yield f"  + {report['poles'][0]}, − {report['poles'][1]}; the read that fits: {report['read']}"
    yield from (f"  {count:>4} {domain or '(no domain)'}" for domain, count in report["domains"].items())
    if "rows" in report:
        yield from pair_table.table_lines(report["rows"], report["poles"])
        return
    if not report["pairs"]:
        yield f"first  {side_text(report['first'])}"
        return
    for sign, pole, side in zip("+−", report["poles"], ("positive", "negative"), strict=True):
        yield f"{sign} {pole}: {side_text(report['first'][side])}"


def side_text(text: Any) -> str:
    """A side on one line, each message with its role."""
    if not isinstance(text, str):
        text = " / ".join(f"{message['role']}: {message['content']}" for message in text)
    return text if len(text) <= PREVIEW else f"{text[:PREVIEW]} …"
