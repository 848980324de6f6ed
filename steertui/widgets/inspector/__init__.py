"""Widgets that show one token or the projections: inspector, meters, KL."""
