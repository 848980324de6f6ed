"""Writing contrast sets: with Claude, with a local model, or from prompts."""
