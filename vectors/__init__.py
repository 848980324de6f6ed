"""Directions: the vector type, file formats, library, contrast sets, extraction, metrics and checks."""
