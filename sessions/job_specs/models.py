"""Experiments that compare two models."""

from __future__ import annotations

from sessions.job_specs.asking import COUNT, LAYERS, MEASURE, PROMPTS, PUSH, SPEAKING, VECTOR
from sessions.job_specs.doses import JUDGED
from sessions.job_specs.kinds.inputs import MODEL_SOURCE
from sessions.job_specs.kinds.kind import TEXT
from sessions.job_specs.kinds.numbers import NUMBER_LIST
from sessions.job_specs.kinds.words import ChoiceKind
from sessions.job_specs.offer import JobParam, JobSpec

BASE = JobParam("base", MODEL_SOURCE, "the base of the fine-tuned model", required=True, positional=True)

LOBOTOMY = JobSpec(
    "lobotomy",
    "Remove the fine-tuning",
    "subtracts the difference to its base from a tuned model, in activations and in weights",
    ("run", "lobotomy"),
    (
        BASE,
        JobParam("form", ChoiceKind("both", "activation", "weights"), "where it is subtracted", "both"),
        JobParam("amounts", NUMBER_LIST, "fractions λ of the difference to subtract", (0.0, 0.5, 1.0, 2.0)),
        LAYERS,
        MEASURE,
        PROMPTS,
        COUNT,
        *JUDGED,
        *SPEAKING,
    ),
)

INDUCE = JobSpec(
    "induce",
    "Reproduce the fine-tuning with a vector",
    "base, base under a vector, and the tuned model: does the vector lead from one to the other?",
    ("run", "induce"),
    (
        VECTOR,
        JobParam("tuned", MODEL_SOURCE, "the tuned model", required=True),
        MEASURE,
        PROMPTS,
        COUNT,
        *PUSH,
        *JUDGED,
        *SPEAKING,
    ),
)

TRANSFER = JobSpec(
    "transfer",
    "Transfer vectors to other models",
    "vectors × models × signs: which effects carry over to models other than the vector's own?",
    ("run", "transfer"),
    (
        JobParam("vectors", TEXT, "vectors, with commas between them", required=True, positional=True),
        JobParam("models", TEXT, "other target models, with commas between them"),
        MEASURE,
        PROMPTS,
        COUNT,
        *PUSH,
        *JUDGED,
        *SPEAKING,
    ),
)
