"""The desk (F2): transcript, rack and prompt, fed by a session's events."""
