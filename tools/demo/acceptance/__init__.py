"""Acceptance tests of the demo models: each figure is a plain function over seeded, held-out prompts."""
