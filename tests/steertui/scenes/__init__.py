"""Every screen of the app, played on a scripted engine: kept as pictures, and walked with hostile text."""

from tests.steertui.scenes import desk, dialogs, rooms

__all__ = ["desk", "dialogs", "rooms"]
