"""The guide: a page per topic, read by F1 in the app and bound into docs/guide.md, so that both say the same."""

from __future__ import annotations

from importlib.resources import files

TOPICS = ("desk", "steering", "jobs", "library", "sessions", "replay", "terminal")
"""In the order of the book."""


def page(topic: str) -> str:
    """One page as Markdown, without its title."""
    return files(__package__).joinpath(f"{topic}.md").read_text(encoding="utf-8")
