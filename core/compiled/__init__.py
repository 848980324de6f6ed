"""Compiled decoding: one token of all lanes as one graph, with the steering coefficients in tensors.

A graph cannot call Python to look up its steering, so everything that can change lies in preallocated tensors
that are written between two tokens. Decoding is eager until a graph is compiled and verified, and wherever a
graph cannot be used.
"""
