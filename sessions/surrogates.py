"""Lone surrogates: half characters that a journal can hold, but neither UTF-8 nor a database."""

from __future__ import annotations


def replace_surrogates(text: str) -> str:
    """The text with a question mark in place of every lone surrogate."""
    return text.encode("utf-8", "replace").decode("utf-8")
