"""Every screen of the app, played on a scripted engine: what is kept as pictures and what is walked with hostile text."""

from tests.steertui.scenes import desk, dialogs, rooms

__all__ = ["desk", "dialogs", "rooms"]
