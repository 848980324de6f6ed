"""Prints the texts of a contrast set as a table: the shared text of a pair on one line, each side's own
text below.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vectors.texts.pair import ContrastSet

LONGEST = 200
"""Maximum characters of a cell; --json has the whole text."""


def table_rows(found: ContrastSet, count: int) -> list[dict[str, Any]]:
    """The first `count` pairs, or prompts where there are no pairs; 0 is all."""
    # A count of 0 means all, and a slice up to None has no limit.
    if not found.pairs:
        return [{"n": n, "prompt": text} for n, text in enumerate(found.prompts[: count or None], start=1)]
    return [
        {"n": n, "domain": pair.domain, "positive": pair.positive, "negative": pair.negative}
        for n, pair in enumerate(found.pairs[: count or None], start=1)
    ]


def table_lines(table: Sequence[Mapping[str, Any]], poles: Sequence[str]) -> Iterator[str]:
    width = max(map(len, poles), default=0)
    for row in table:
        if "prompt" in row:
            yield f"{row['n']:>4}  {cell_text(text_parts(row['prompt']))}"
            continue
        sides = text_parts(row["positive"]), text_parts(row["negative"])
        # Parts that both sides have are printed once, so that the difference stands out.
        shared = [part for part in sides[0] if part in sides[1]]
        yield f"{row['n']:>4}  {' · '.join(filter(None, (row['domain'], cell_text(shared))))}"
        for sign, pole, side in zip("+−", poles, sides, strict=True):
            yield f"   {sign} {pole:<{width}}  {cell_text([part for part in side if part not in shared])}"


def text_parts(text: Any) -> list[str]:
    """A text as one part, messages as one part each with their role, token ids as text."""
    if isinstance(text, str):
        return [text]
    return [f"{each['role']}: {each['content']}" if isinstance(each, Mapping) else str(each) for each in text]


def cell_text(said: Sequence[str]) -> str:
    text = " ".join(" / ".join(said).split())
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} …"
