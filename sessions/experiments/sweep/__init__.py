"""The dose–response sweep, over scales, layers and grids."""
