"""A resident model, steered token by token."""
