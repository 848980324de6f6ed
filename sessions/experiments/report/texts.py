"""The answers themselves, side by side: every prompt with what was said under each condition."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from core.jobs import Sample
from core.scrub import scrub
from sessions.export.markdown import escaped, quoted


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


def comparison(samples: Sequence[Sample], conditions: Sequence[str], asked: Mapping[str, str]) -> str:
    """A Markdown table: prompts down, the chosen conditions across."""
    said = {(sample.prompt, sample.condition): sample.text for sample in samples}
    prompts = list(dict.fromkeys(sample.prompt for sample in samples))
    lines = [["prompt", *conditions], ["---"] * (1 + len(conditions))]
    for prompt in prompts:
        words = [asked.get(prompt, prompt), *(said.get((prompt, name), "") for name in conditions)]
        lines.append([escaped(clean(" ".join(word.split()))) for word in words])
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
