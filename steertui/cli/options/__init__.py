"""Command-line options, and the checks that run before a model is loaded."""
