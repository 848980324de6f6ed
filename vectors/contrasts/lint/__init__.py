"""What can be said against a contrast set before a model reads it: shortcuts, repetition, too few pairs."""
