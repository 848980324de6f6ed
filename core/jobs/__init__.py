"""Jobs as generators of events: how they run on the GPU thread and resume after a stop."""
