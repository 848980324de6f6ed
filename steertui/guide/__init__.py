"""The user guide: one page per topic, shown by F1 in the app and combined into docs/guide.md."""

from __future__ import annotations

from importlib.resources import files

TOPICS = ("desk", "steering", "jobs", "library", "sessions", "replay", "terminal")
"""In the order of docs/guide.md."""


def guide_page(topic: str) -> str:
    """One page as Markdown, without its title."""
    return files(__package__).joinpath(f"{topic}.md").read_text(encoding="utf-8")
