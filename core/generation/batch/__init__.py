"""Many answers at once: prompts of unequal length, each in a lane of one batch."""
