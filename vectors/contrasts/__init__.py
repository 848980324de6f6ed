"""Contrast sets: pairs of texts that differ in one trait, built in, read from public file formats, or
newly written.
"""
