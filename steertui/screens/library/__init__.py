"""The library screen (F4): all vectors, their cards, and the actions on them."""
