"""Vector files: opening, reading and writing them."""
