"""Parameters shared by the experiments: vector, prompts, generation and measures."""

from __future__ import annotations

from sessions.job_specs.offer import Param
from sessions.job_specs.workshop import SEED

VECTOR = Param("vector", "vector", "a vector file, or a name in the library", required=True, positional=True)
PROMPTS = Param(
    "prompts",
    "pack",
    "demo, stories, english, empathy, or a JSONL file (demo for the demo models, else english)",
)
COUNT = Param("n", "count", "number of prompts", 16)
SCALE = Param("scale", "number", "scale of the vector (default: its card's suggestion)")
UNIT = Param("unit", "choice", "what a scale of 1 means", choices=("relative", "natural", "unit", "raw"))
LAYERS = Param("layers", "layers", "layers to steer (default: the card's)")
SPLIT = Param("split", "flag", "divide the scale over the layers (default: as the card says)")
PUSH = (SCALE, UNIT, LAYERS, SPLIT)
CONTROLS = Param("controls", "count", "number of random control directions", 1)
MAX_NEW = Param("max_new", "count", "tokens per answer", 60)
TEMPERATURE = Param("temperature", "number", "0 picks the most likely token", 0.7)
ESTIMATE = Param("estimate", "flag", "only estimate the cost", False)
REPORT = Param("report", "folder", "write a report with tables and plots there")
PENALTY = Param("repetition_penalty", "number", "above 1 penalizes tokens that occurred before", 1.0)
SPEAKING = (MAX_NEW, TEMPERATURE, PENALTY, SEED, ESTIMATE, REPORT)
MEASURE = Param("measure", "text", "a measure or a judge: `steertui run` lists both")
CONTRAST = Param("contrast", "contrast", "pairs for an additional propensity measure")
