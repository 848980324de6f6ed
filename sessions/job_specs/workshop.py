"""Jobs that create and check vectors: extraction, weight differences, the check."""

from __future__ import annotations

from sessions.job_specs.kinds.inputs import CONTRAST_SET, LAYER_BAND, MODEL_SOURCE, VECTOR_SOURCE
from sessions.job_specs.kinds.kind import TEXT
from sessions.job_specs.kinds.numbers import SHARE, WHOLE_NUMBER
from sessions.job_specs.kinds.outputs import PLOT_FILE, VECTOR_FILE
from sessions.job_specs.kinds.packs import EMBEDDINGS_FILE, EVALUATION, THEME_LIST, THEMES_FILE
from sessions.job_specs.kinds.words import FLAG, PAIRS, POSITION, ChoiceKind
from sessions.job_specs.offer import JobParam, JobSpec

METHODS = ("mean", "pca-centered", "pca-diff", "logistic", "assistant-axis")
PLOT = JobParam("plot", PLOT_FILE, "plot the curves by layer as .png or .svg")
SEED = JobParam("seed", WHOLE_NUMBER, "the same seed gives the same result", 0)
TEMPLATE_ARG = JobParam(
    "template_arg", PAIRS, "for the chat template, such as enable_thinking=false; several with commas"
)
EMBEDDINGS = JobParam(
    "embeddings",
    EMBEDDINGS_FILE,
    "embeddings of the texts instead of the model's own: .npz with texts and rows, or JSONL with text and row",
)

CHECK = JobSpec(
    "check",
    "Check a vector",
    "does it move this behaviour of this model, on which layers and at which dose?",
    ("check",),
    (
        JobParam(
            "vector", VECTOR_SOURCE, "a vector file, or a name in the library", required=True, positional=True
        ),
        JobParam("contrast", CONTRAST_SET, "pairs to measure it on: a built-in set or a file"),
        JobParam("layers", LAYER_BAND, "only these layers (the best of several bands)"),
        JobParam("max_new", WHOLE_NUMBER, "tokens per text", 32),
        JobParam(
            "more", FLAG, "also its pole as a system prompt, and what the dose costs in capability", False
        ),
        TEMPLATE_ARG,
        JobParam("estimate", FLAG, "only estimate the time", False),
        SEED,
    ),
)

EXTRACT = JobSpec(
    "extract",
    "Extract a vector",
    "a vector from a contrast set, or from the difference of two models on the same texts",
    ("extract",),
    (
        JobParam("contrast", CONTRAST_SET, "a built-in set or a file of pairs", required=True),
        JobParam("out", VECTOR_FILE, "the vector's file; its suffix is its format", required=True),
        JobParam("to", TEXT, "its format, where the suffix does not say"),
        JobParam("name", TEXT, "the vector's name (the file's)"),
        JobParam("tuned", MODEL_SOURCE, "a model or PEFT adapter: subtract the model from it"),
        JobParam("method", ChoiceKind(*METHODS), "how the two sides become a direction", "mean"),
        JobParam(
            "read",
            POSITION,
            "last, decision, response-mean, span:A:B, regex:PATTERN, turn:N (default: the one that the set names)",
        ),
        JobParam("holdout", SHARE, "held-out fraction of the pairs", 0.2),
        JobParam("layers", LAYER_BAND, "only these layers (all)"),
        JobParam("batch_tokens", WHOLE_NUMBER, "tokens per batch"),
        JobParam(
            "ranks", WHOLE_NUMBER, "number of processes, each with its own copy of the model (torchrun)"
        ),
        SEED,
        JobParam("rule", ChoiceKind("midpoint", "axes"), "how the best layer is chosen", "midpoint"),
        TEMPLATE_ARG,
        JobParam("suggest", FLAG, "try doses and suggest a band and a scale", True, off="--no-dose"),
        JobParam("estimate", FLAG, "only estimate the time", False),
        JobParam("vector", VECTOR_SOURCE, "also report the cosine with this vector"),
        JobParam("beside", EVALUATION, "an evaluation file of llm-personality-axes to plot for comparison"),
        PLOT,
    ),
    own_models=("tuned", "ranks"),
)

DIFF = JobSpec(
    "diff",
    "Weight difference",
    "two checkpoints of one model, matrix by matrix: what a fine-tuning changed",
    ("diff",),
    (
        JobParam(
            "base",
            MODEL_SOURCE,
            "demo or fetched model, local folder or Hugging Face id",
            required=True,
            positional=True,
        ),
        JobParam("tuned", MODEL_SOURCE, "the same of the fine-tuned model", required=True, positional=True),
        JobParam("vector", VECTOR_SOURCE, "measure how much of the change is this direction"),
        JobParam("top", WHOLE_NUMBER, "number of leading directions (0: none)", 5),
        JobParam("exact", FLAG, "singular values from Gram matrices, not a sketch", False),
        JobParam("modules", TEXT, "only tensors such as '*o_proj*'", "*"),
        JobParam("inputs", CONTRAST_SET, "what the change does to the texts of this contrast set"),
        JobParam("module", TEXT, "make a vector of this module's leading direction"),
        JobParam("out", VECTOR_FILE, "where to write it"),
        PLOT,
        SEED,
    ),
    model=False,
)

THEMES = JobSpec(
    "themes",
    "Score themes",
    "does a direction produce the themes of the fine-tuning? The linearity score, compared with unrelated runs",
    ("themes",),
    (
        JobParam(
            "themes", THEMES_FILE, "a file of runs, or one theme per line", required=True, positional=True
        ),
        JobParam("other", THEME_LIST, "the themes of the direction, where both files hold one per line"),
        EMBEDDINGS,
    ),
    own_models=("embeddings",),
)
