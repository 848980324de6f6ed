"""The jobs that make contrast sets."""

from __future__ import annotations

from sessions.offers.offer import Offer, Param

FORMS = ("stories", "replies", "answers", "requests")
OUT = Param("out", "file", "the new file of pairs (.jsonl)", required=True, holds="contrast set")

CONTRAST_MAKE = Offer(
    "contrast-make",
    "Write a contrast set",
    "Claude writes pairs that differ in one trait: balanced over domains, checked, without near-duplicates",
    ("contrast", "make"),
    (
        Param(
            "set",
            "contrast",
            "a set, a file to continue, or a new name",
            required=True,
            positional=True,
            new=True,
        ),
        OUT,
        Param("pairs", "count", "how many", 100),
        Param("positive", "text", "the one side of a new set, in words; with --with-model a system prompt"),
        Param("negative", "text", "the other side"),
        Param("about", "text", "what the set is, in words"),
        Param("form", "choice", "what a pair is (as the set's)", choices=FORMS),
        Param("domains", "text", "of the texts, as A,B,… (the set's, else five of ours)"),
        Param("claude", "text", "which Claude writes (claude-sonnet-5-5)"),
        Param("budget", "number", "most dollars it may cost (half more than the estimate)"),
        Param("deadline", "number", "most seconds it may take", 1800.0),
        Param("estimate", "flag", "only say what it would cost", False),
    ),
    model=False,
)

CONTRAST_ANSWER = Offer(
    "contrast-answer",
    "Have a contrast set answered",
    "the model answers both sides of a set itself; its replies are kept as a new set",
    ("contrast", "make", "--with-model"),
    (
        Param("set", "contrast", "a built-in set or a file of conversations", required=True, positional=True),
        OUT,
        Param("positive", "text", "ask the set's questions under this system prompt"),
        Param("negative", "text", "and under this one"),
        Param("max_new", "count", "longest reply in tokens", 50),
        Param("max_words", "count", "leave out pairs with a longer answer (honesty: 7)"),
    ),
)
