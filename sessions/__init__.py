"""Live sessions: state, events and journal, replay, exports, job definitions and experiments."""
