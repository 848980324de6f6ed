"""What one backward pass tells: slopes of log-probabilities in every direction, and ranks against nulls."""
