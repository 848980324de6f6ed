"""The compiled step: one token of all lanes as one graph, whose dials are tensors.

A graph cannot ask Python what to play, so everything that can change lies in preallocated tensors (`bank`), written
between two tokens. Eager decoding serves until a step is compiled and proven, and whenever it cannot serve.
"""
