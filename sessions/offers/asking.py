"""The parameters that experiments share: what is asked, with which vector, how it is spoken and who judges."""

from __future__ import annotations

from sessions.offers.offer import Param
from sessions.offers.workshop import SEED

VECTOR = Param("vector", "vector", "a vector file, or a name in the library", required=True, positional=True)
PROMPTS = Param(
    "prompts",
    "pack",
    "demo, stories, english, empathy, or a JSONL file (demo for the demo models, else english)",
)
COUNT = Param("n", "count", "how many of the prompts", 16)
SCALE = Param("scale", "number", "how much of it (as its card suggests)")
UNIT = Param("unit", "choice", "what a scale of 1 means", choices=("relative", "natural", "unit", "raw"))
LAYERS = Param("layers", "layers", "which layers (the card's band)")
SPLIT = Param("split", "flag", "share the scale out over the band (as the card says)")
PUSH = (SCALE, UNIT, LAYERS, SPLIT)
CONTROLS = Param("controls", "count", "how many random directions stand beside it", 1)
MAX_NEW = Param("max_new", "count", "tokens per answer", 60)
TEMPERATURE = Param("temperature", "number", "0 takes the likeliest token", 0.7)
ESTIMATE = Param("estimate", "flag", "only say what it would cost", False)
REPORT = Param("report", "folder", "write a report with tables and plots there")
PENALTY = Param("repetition_penalty", "number", "more than 1 makes what was said unlikelier", 1.0)
SPEAKING = (MAX_NEW, TEMPERATURE, PENALTY, SEED, ESTIMATE, REPORT)
MEASURE = Param("measure", "text", "what is measured, or a judge: `steertui run` lists both")
CONTRAST = Param("contrast", "contrast", "pairs whose propensity is measured as well")
