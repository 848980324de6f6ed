"""The experiments that turn a vector up and down."""

from __future__ import annotations

from sessions.offers.asking import CONTRAST, COUNT, MEASURE, PROMPTS, PUSH, SPEAKING, VECTOR
from sessions.offers.offer import Offer, Param

SWEEP = Offer(
    "sweep",
    "Sweep a vector to collapse",
    "dose–response on both signs: usable window, sweet spot, random control; or layer by layer",
    ("run", "sweep"),
    (
        VECTOR,
        Param("by", "choice", "what is turned", "scale", ("scale", "floor", "ceiling", "layer")),
        Param("scales", "numbers", "the levels (around what the card suggests; caps in class gaps)"),
        MEASURE,
        CONTRAST,
        PROMPTS,
        COUNT,
        *PUSH,
        Param("coherence", "text", "the measure the floor is held against (share of whole texts)"),
        Param("at_least", "number", "least coherence of a sweet spot", 0.8),
        Param("goal", "choice", "what makes a spot sweet", "more", ("more", "less")),
        *SPEAKING,
    ),
)
