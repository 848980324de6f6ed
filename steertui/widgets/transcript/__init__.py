"""The transcript: a document of speeches, tokens and markers, folded into lines and drawn one strip per line."""
