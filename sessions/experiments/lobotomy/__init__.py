"""The lobotomy experiment: what is lost when a direction is removed."""
