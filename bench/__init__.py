"""Measurements of what the design promises; `python -m bench` runs them, nothing in the test suite does."""
