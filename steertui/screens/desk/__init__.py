"""The desk screen (F2): transcript, mixer panel and prompt, driven by a session's events."""
