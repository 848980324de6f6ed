"""Builds the demo models: their corpus, tokenizer, training, starter vectors and acceptance figures."""
