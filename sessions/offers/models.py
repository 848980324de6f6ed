"""The experiments that hold two models against each other."""

from __future__ import annotations

from sessions.offers.asking import COUNT, LAYERS, MEASURE, PROMPTS, PUSH, SPEAKING, VECTOR
from sessions.offers.doses import JUDGED
from sessions.offers.offer import Offer, Param

BASE = Param("base", "model", "the model it was tuned from", required=True, positional=True)

LOBOTOMY = Offer(
    "lobotomy",
    "Take the tuning back",
    "subtracts the difference to its base from a tuned model, in activations and in weights",
    ("run", "lobotomy"),
    (
        BASE,
        Param("form", "choice", "what it is taken out of", "both", ("both", "activation", "weights")),
        Param("amounts", "numbers", "how much of it: shares λ of the difference", (0.0, 0.5, 1.0, 2.0)),
        LAYERS,
        MEASURE,
        PROMPTS,
        COUNT,
        *JUDGED,
        *SPEAKING,
    ),
)

INDUCE = Offer(
    "induce",
    "Induce what tuning does",
    "base, base under a vector, and the tuned model: does the vector lead from one to the other?",
    ("run", "induce"),
    (
        VECTOR,
        Param("tuned", "model", "the tuned model", required=True),
        MEASURE,
        PROMPTS,
        COUNT,
        *PUSH,
        *JUDGED,
        *SPEAKING,
    ),
)

TRANSFER = Offer(
    "transfer",
    "Carry vectors to other models",
    "vectors × models × signs: which effects are there where the vector was not made?",
    ("run", "transfer"),
    (
        Param("vectors", "text", "vectors, with commas between them", required=True, positional=True),
        Param("models", "text", "other target models, with commas between them"),
        MEASURE,
        PROMPTS,
        COUNT,
        *PUSH,
        *JUDGED,
        *SPEAKING,
    ),
)
