"""Directions of themes, and their linear structure across layers."""
