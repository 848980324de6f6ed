"""Charts made of characters: curves with intervals over layers, doses or tokens, and grids of numbers."""
