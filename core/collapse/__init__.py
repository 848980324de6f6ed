"""Collapse of a text: loops, certainty without reason, letters of a foreign writing system; torch-free."""
