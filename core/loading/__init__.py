"""From a model name to weights in memory: finding, checking, placing and loading a model."""
