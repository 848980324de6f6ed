"""The sessions (F5): everything that was recorded, to search, read, export and go on with."""
