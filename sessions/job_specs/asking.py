"""Parameters shared by the experiments: vector, prompts, generation and measures."""

from __future__ import annotations

from sessions.job_specs.offer import JobParam
from sessions.job_specs.workshop import SEED

VECTOR = JobParam(
    "vector", "vector", "a vector file, or a name in the library", required=True, positional=True
)
PROMPTS = JobParam(
    "prompts",
    "pack",
    "demo, stories, english, empathy, or a JSONL file (demo for the demo models, else english)",
)
COUNT = JobParam("n", "count", "number of prompts", 16)
SCALE = JobParam("scale", "number", "scale of the vector (default: its card's suggestion)")
UNIT = JobParam("unit", "choice", "what a scale of 1 means", choices=("relative", "natural", "unit", "raw"))
LAYERS = JobParam("layers", "layers", "layers to steer (default: the card's)")
SPLIT = JobParam("split", "flag", "divide the scale over the layers (default: as the card says)")
PUSH = (SCALE, UNIT, LAYERS, SPLIT)
CONTROLS = JobParam("controls", "count", "number of random control directions", 1)
MAX_NEW = JobParam("max_new", "count", "tokens per answer", 60)
TEMPERATURE = JobParam("temperature", "number", "0 picks the most likely token", 0.7)
ESTIMATE = JobParam("estimate", "flag", "only estimate the cost", False)
REPORT = JobParam("report", "folder", "write a report with tables and plots there")
PENALTY = JobParam("repetition_penalty", "number", "above 1 penalizes tokens that occurred before", 1.0)
SPEAKING = (MAX_NEW, TEMPERATURE, PENALTY, SEED, ESTIMATE, REPORT)
MEASURE = JobParam("measure", "text", "a measure or a judge: `steertui run` lists both")
CONTRAST = JobParam("contrast", "contrast", "pairs for an additional propensity measure")
