"""Jobs that create and check vectors: extraction, weight differences, the check."""

from __future__ import annotations

from sessions.job_specs.offer import Offer, Param

METHODS = ("mean", "pca-centered", "pca-diff", "logistic", "assistant-axis")
PLOT = Param("plot", "file", "plot the curves by layer as .png or .svg", holds="plot")
SEED = Param("seed", "count", "the same seed gives the same result", 0)

CHECK = Offer(
    "check",
    "Check a vector",
    "does it do anything on this model, on which layers and at which doses?",
    ("check",),
    (
        Param("vector", "vector", "a vector file, or a name in the library", required=True, positional=True),
        Param("contrast", "contrast", "pairs to measure it on: a built-in set or a file"),
        Param("layers", "layers", "dose these layers (the card's, else the best ones)"),
        Param("max_new", "count", "tokens per text", 24),
        SEED,
    ),
)

EXTRACT = Offer(
    "extract",
    "Extract a vector",
    "a vector from a contrast set, or from the difference of two models on the same texts",
    ("extract",),
    (
        Param("contrast", "contrast", "a built-in set or a file of pairs", required=True),
        Param("out", "file", "the vector's file; its suffix is its format", required=True, holds="vector"),
        Param("to", "text", "its format, where the suffix does not say"),
        Param("name", "text", "the vector's name (the file's)"),
        Param("tuned", "model", "a model or PEFT adapter: subtract the model from it"),
        Param("method", "choice", "how the two sides become a direction", "mean", METHODS),
        Param("read", "text", "last, decision, response-mean, span:A:B, regex:PATTERN, turn:N", "last"),
        Param("holdout", "number", "held-out fraction of the pairs", 0.2),
        Param("layers", "layers", "only these layers (all)"),
        Param("batch_tokens", "count", "tokens per batch"),
        Param("ranks", "count", "number of processes, each with its own copy of the model (torchrun)"),
        SEED,
        Param("rule", "choice", "how the best layer is chosen", "midpoint", ("midpoint", "axes")),
        Param("suggest", "flag", "try doses and suggest a band and a scale", True, off="--no-dose"),
        Param("vector", "vector", "also report the cosine with this vector"),
        Param("beside", "pack", "an evaluation file of llm-personality-axes to plot for comparison"),
        PLOT,
    ),
    own_models=("tuned", "ranks"),
)

DIFF = Offer(
    "diff",
    "Weight difference",
    "two checkpoints of one model, matrix by matrix: what a fine-tuning changed",
    ("diff",),
    (
        Param("base", "model", "demo name, local folder or Hugging Face id", required=True, positional=True),
        Param("tuned", "model", "the same of the fine-tuned model", required=True, positional=True),
        Param("vector", "vector", "measure how much of the change is this direction"),
        Param("top", "count", "number of leading directions (0: none)", 5),
        Param("exact", "flag", "singular values from Gram matrices, not a sketch", False),
        Param("modules", "text", "only tensors such as '*o_proj*'", "*"),
        Param("inputs", "contrast", "what the change does to the texts of this contrast set"),
        Param("module", "text", "make a vector of this module's leading direction"),
        Param("out", "file", "where to write it", holds="vector"),
        PLOT,
        SEED,
    ),
    model=False,
)

THEMES = Offer(
    "themes",
    "Score themes",
    "does a direction produce the themes of the fine-tuning? The linearity score, compared with unrelated runs",
    ("themes",),
    (
        Param("themes", "pack", "a file of runs, or one theme per line", required=True, positional=True),
        Param("other", "pack", "the themes of the direction, where both files hold one per line"),
        Param("layer", "count", "layer whose mean state embeds a theme (default: two thirds of the depth)"),
    ),
)
