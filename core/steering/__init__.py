"""A mixer prepared for one model: the plan, and the arithmetic that changes hidden states."""
