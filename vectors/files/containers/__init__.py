"""Bytes of a stranger's file → named arrays, within bounds and without running anything."""
