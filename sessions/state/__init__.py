"""The state of a session as a fold over its events, and facts derived from it."""
