"""Judges score a text: Claude, the loaded model, or a word count, all behind one interface.

An answer that gets no score is missing. Missing scores are counted and reported, and never enter a
mean.
"""
