"""Contrast sets: pairs of texts that differ in one trait, built in or read from the shapes in public use."""
