"""The acceptance of the demo models: every promised figure as a plain function over seeded, held-out prompts."""
