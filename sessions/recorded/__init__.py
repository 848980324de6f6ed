"""Recorded sessions: the index, verification, branches, and playback frames."""
