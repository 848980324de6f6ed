"""The parts of an answer: thought, tool call, and what is said to the user."""
