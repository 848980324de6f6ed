"""The library (F4): every vector at hand, what its card says, and what is done to it."""
