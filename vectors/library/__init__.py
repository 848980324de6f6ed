"""The library of vectors on this machine: names, notes, the trash, and what was measured."""
