"""Removes keys and tokens from journals, logs and errors: known formats, and values of secret variables."""

from __future__ import annotations

import os
import re

SHAPES = re.compile(
    r"sk-(?:ant|proj|svcacct)-[\w-]{4,}|sk-[A-Za-z0-9]{20,}|hf_[A-Za-z0-9]{8,}"
    r"|(?<=Bearer )\S+|(?<=://)[^\s/@]+(?=@)"
)
"""Keys of Anthropic, OpenAI and Hugging Face, text after `Bearer`, credentials before the @ of a URL."""
SECRET_NAMES = ("KEY", "TOKEN", "SECRET", "PASSWORD")
SHORTEST = 6
BLANK = "[secret]"


def scrub(text: str) -> str:
    """The text without anything formatted like a credential and without the value of any secret variable."""
    for name, value in os.environ.items():
        # A very short value would also blank ordinary text that happens to contain it.
        if name.upper().endswith(SECRET_NAMES) and len(value) >= SHORTEST:
            text = text.replace(value, BLANK)
    return SHAPES.sub(BLANK, text)


def holds_secret(text: str) -> bool:
    return scrub(text) != text
