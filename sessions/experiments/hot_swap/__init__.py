"""The hot-swap experiment: a vector is flipped in the middle of an answer."""
