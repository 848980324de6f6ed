"""Parameters shared by the experiments: vector, prompts, generation and measures."""

from __future__ import annotations

from sessions.job_specs.kinds.inputs import CONTRAST_SET, LAYER_BAND, VECTOR_SOURCE
from sessions.job_specs.kinds.kind import TEXT
from sessions.job_specs.kinds.numbers import NUMBER, WHOLE_NUMBER
from sessions.job_specs.kinds.outputs import FOLDER
from sessions.job_specs.kinds.packs import PROMPT_PACK
from sessions.job_specs.kinds.words import FLAG, SWITCH, ChoiceKind
from sessions.job_specs.offer import JobParam
from sessions.job_specs.workshop import SEED

VECTOR = JobParam(
    "vector", VECTOR_SOURCE, "a vector file, or a name in the library", required=True, positional=True
)
PROMPTS = JobParam(
    "prompts",
    PROMPT_PACK,
    "demo, stories, english, empathy, or a JSONL file (demo for the demo models, else english)",
)
COUNT = JobParam("n", WHOLE_NUMBER, "number of prompts", 16)
SCALE = JobParam("scale", NUMBER, "scale of the vector (default: its card's suggestion)")
UNIT = JobParam("unit", ChoiceKind("relative", "natural", "unit", "raw"), "what a scale of 1 means")
LAYERS = JobParam("layers", LAYER_BAND, "layers to steer (default: the card's)")
SPLIT = JobParam("split", SWITCH, "divide the scale over the layers (default: as the card says)")
PUSH = (SCALE, UNIT, LAYERS, SPLIT)
CONTROLS = JobParam("controls", WHOLE_NUMBER, "number of random control directions", 1)
MAX_NEW = JobParam("max_new", WHOLE_NUMBER, "tokens per answer", 60)
TEMPERATURE = JobParam("temperature", NUMBER, "0 picks the most likely token", 0.7)
ESTIMATE = JobParam("estimate", FLAG, "only estimate the cost", False)
REPORT = JobParam("report", FOLDER, "write a report with tables and plots there")
PENALTY = JobParam("repetition_penalty", NUMBER, "above 1 makes repeated tokens less likely", 1.0)
SPEAKING = (MAX_NEW, TEMPERATURE, PENALTY, SEED, ESTIMATE, REPORT)
MEASURE = JobParam("measure", TEXT, "a measure or a judge: `steertui run` lists both")
CONTRAST = JobParam("contrast", CONTRAST_SET, "pairs for an additional propensity measure")
