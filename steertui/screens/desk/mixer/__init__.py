"""Edits of the mixer on the desk, their undo history, and the cap syntax."""
