"""Extraction of a vector from pairs: reading activations, fitting a direction, evaluating it on held-out
pairs.
"""
