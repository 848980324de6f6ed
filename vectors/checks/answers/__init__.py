"""What answers under a dose tell: sampled in one batch, read by the unsteered model."""
