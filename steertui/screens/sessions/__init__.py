"""The sessions screen (F5): search, read, replay, export and resume recorded sessions."""
