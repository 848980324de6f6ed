"""Training texts that only the build of the demo models needs."""
