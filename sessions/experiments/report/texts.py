"""The answers themselves, side by side: every prompt with what was said under each condition."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from core.jobs.job import Sample
from core.secrets import scrub
from sessions.export.markdown import escaped, quoted

ACROSS = 8


def clean(text: str) -> str:
    """Without anything a terminal or an editor could act on, and without anything that looks like a key."""
    shown = "".join(sign if sign.isprintable() or sign in "\n\t" else "�" for sign in text)
    return scrub(shown)


def side_by_side(samples: Sequence[Sample], most: int | None = None) -> Iterator[str]:
    """One block per prompt, at most so many of them; conditions in the order in which they were first met."""
    found: dict[str, list[Sample]] = {}
    for sample in samples:
        found.setdefault(sample.prompt, []).append(sample)
    for prompt, answers in list(found.items())[:most]:
        yield f"### {escaped(clean(prompt))}"
        for answer in answers:
            flags = f" · {', '.join(answer.flags)}" if answer.flags else ""
            yield f"**{escaped(clean(answer.condition + flags))}**"
            yield quoted(answer.text or "(nothing)", clean)


def comparison(samples: Sequence[Sample]) -> str:
    """A Markdown table to paste: prompts down, the first conditions across."""
    said = {(sample.prompt, sample.condition): sample.text for sample in samples}
    conditions = list(dict.fromkeys(sample.condition for sample in samples))[:ACROSS]
    lines = [["prompt", *map(_in_a_cell, conditions)], ["---"] * (1 + len(conditions))]
    for prompt in dict.fromkeys(sample.prompt for sample in samples):
        lines.append([_in_a_cell(prompt), *(_in_a_cell(said.get((prompt, name), "")) for name in conditions)])
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def _in_a_cell(text: str) -> str:
    return escaped(clean(" ".join(text.split())))
