"""The answers side by side: every prompt with its answer under each condition."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from core.jobs.job import JobSample
from core.secrets import scrub
from sessions.export.markdown import escape_markdown, quote_text

ACROSS = 8


def clean_text(text: str) -> str:
    """Without unprintable characters, and with anything that looks like a key removed."""
    # Texts of models are untrusted: terminal escape sequences must not reach a terminal.
    shown = "".join(sign if sign.isprintable() or sign in "\n\t" else "�" for sign in text)
    return scrub(shown)


def side_by_side(samples: Sequence[JobSample], most: int | None = None) -> Iterator[str]:
    """One block per prompt (the first `most` of them); conditions in order of first occurrence."""
    found: dict[str, list[JobSample]] = {}
    for sample in samples:
        found.setdefault(sample.prompt, []).append(sample)
    for prompt, answers in list(found.items())[:most]:
        yield f"### {escape_markdown(clean_text(prompt))}"
        for answer in answers:
            flags = f" · {', '.join(answer.flags)}" if answer.flags else ""
            yield f"**{escape_markdown(clean_text(answer.condition + flags))}**"
            yield quote_text(answer.text or "(nothing)", clean_text)


def comparison_table(samples: Sequence[JobSample]) -> str:
    """A Markdown table to paste: one row per prompt, one column per condition (the first eight)."""
    texts = {(sample.prompt, sample.condition): sample.text for sample in samples}
    conditions = list(dict.fromkeys(sample.condition for sample in samples))[:ACROSS]
    lines = [["prompt", *map(_cell_text, conditions)], ["---"] * (1 + len(conditions))]
    for prompt in dict.fromkeys(sample.prompt for sample in samples):
        lines.append(
            [_cell_text(prompt), *(_cell_text(texts.get((prompt, name), "")) for name in conditions)]
        )
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def _cell_text(text: str) -> str:
    return escape_markdown(clean_text(" ".join(text.split())))
