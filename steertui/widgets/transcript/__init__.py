"""The transcript: a document of turns, tokens and markers, wrapped to lines and drawn one strip per line."""
