"""Jobs that create and check vectors: extraction, weight differences, the check."""

from __future__ import annotations

from sessions.job_specs.offer import JobParam, JobSpec

METHODS = ("mean", "pca-centered", "pca-diff", "logistic", "assistant-axis")
PLOT = JobParam("plot", "file", "plot the curves by layer as .png or .svg", holds="plot")
SEED = JobParam("seed", "count", "the same seed gives the same result", 0)

CHECK = JobSpec(
    "check",
    "Check a vector",
    "does it do anything on this model, on which layers and at which doses?",
    ("check",),
    (
        JobParam(
            "vector", "vector", "a vector file, or a name in the library", required=True, positional=True
        ),
        JobParam("contrast", "contrast", "pairs to measure it on: a built-in set or a file"),
        JobParam("layers", "layers", "dose these layers (the card's, else the best ones)"),
        JobParam("max_new", "count", "tokens per text", 24),
        SEED,
    ),
)

EXTRACT = JobSpec(
    "extract",
    "Extract a vector",
    "a vector from a contrast set, or from the difference of two models on the same texts",
    ("extract",),
    (
        JobParam("contrast", "contrast", "a built-in set or a file of pairs", required=True),
        JobParam("out", "file", "the vector's file; its suffix is its format", required=True, holds="vector"),
        JobParam("to", "text", "its format, where the suffix does not say"),
        JobParam("name", "text", "the vector's name (the file's)"),
        JobParam("tuned", "model", "a model or PEFT adapter: subtract the model from it"),
        JobParam("method", "choice", "how the two sides become a direction", "mean", METHODS),
        JobParam("read", "text", "last, decision, response-mean, span:A:B, regex:PATTERN, turn:N", "last"),
        JobParam("holdout", "number", "held-out fraction of the pairs", 0.2),
        JobParam("layers", "layers", "only these layers (all)"),
        JobParam("batch_tokens", "count", "tokens per batch"),
        JobParam("ranks", "count", "number of processes, each with its own copy of the model (torchrun)"),
        SEED,
        JobParam("rule", "choice", "how the best layer is chosen", "midpoint", ("midpoint", "axes")),
        JobParam("suggest", "flag", "try doses and suggest a band and a scale", True, off="--no-dose"),
        JobParam("vector", "vector", "also report the cosine with this vector"),
        JobParam("beside", "pack", "an evaluation file of llm-personality-axes to plot for comparison"),
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
            "base", "model", "demo name, local folder or Hugging Face id", required=True, positional=True
        ),
        JobParam("tuned", "model", "the same of the fine-tuned model", required=True, positional=True),
        JobParam("vector", "vector", "measure how much of the change is this direction"),
        JobParam("top", "count", "number of leading directions (0: none)", 5),
        JobParam("exact", "flag", "singular values from Gram matrices, not a sketch", False),
        JobParam("modules", "text", "only tensors such as '*o_proj*'", "*"),
        JobParam("inputs", "contrast", "what the change does to the texts of this contrast set"),
        JobParam("module", "text", "make a vector of this module's leading direction"),
        JobParam("out", "file", "where to write it", holds="vector"),
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
        JobParam("themes", "pack", "a file of runs, or one theme per line", required=True, positional=True),
        JobParam("other", "pack", "the themes of the direction, where both files hold one per line"),
        JobParam(
            "layer", "count", "layer whose mean state embeds a theme (default: two thirds of the depth)"
        ),
    ),
)
