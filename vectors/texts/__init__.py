"""Texts to token ids, and which token positions are read."""
