"""The screenshots of the guide, taken of the real app: `python -m steertui.pictures`."""
