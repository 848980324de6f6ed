"""Many answers at once: the prompts of a file, each at several doses, as one job."""
