"""The findings of a lint in words, for `contrast lint` and for what is said before a vector is made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vectors.texts.pair import ContrastSet


def lint_report(found: ContrastSet, read: str | None, holdout: float | None) -> dict[str, Any]:
    """The findings about a set and its size, as `contrast lint --json` prints them."""
    from vectors.contrasts.lint.lint import HOLDOUT, lint_set

    findings = lint_set(found, read, HOLDOUT if holdout is None else holdout)
    return {
        "name": found.name,
        "n_pairs": len(found.pairs),
        "read": read or found.read,
        "poles": list(found.poles),
        "from_templates": found.from_templates,
        "findings": [finding.to_json() for finding in findings],
    }


def render_lint(report: Mapping[str, Any]) -> Iterator[str]:
    findings = report["findings"]
    count = f"{len(findings)} finding{'s' * (len(findings) != 1)}" if findings else "nothing found"
    yield f"{report['name']}: {report['n_pairs']} pairs, read {report['read']}: {count}"
    yield from (f"  {finding['kind']:<15} {finding['message']}" for finding in findings)
    if report["from_templates"]:
        yield "  made from templates: shortcuts and repetition were not looked for"
