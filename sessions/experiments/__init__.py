"""What the sources measured, as jobs anyone can run: prompts are asked under several conditions, what is said is
measured, and every number stands beside its n, its interval and a random vector of the same size.

A new experiment is a file with one generator, an offer in `sessions.offers`, and a line in `registry`. Nothing here
needs torch to be imported; the model is reached through a `Voice`.
"""
