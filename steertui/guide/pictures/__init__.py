"""The pictures of the guide, taken of the real app; `python -m steertui.guide.pictures` renews them."""
