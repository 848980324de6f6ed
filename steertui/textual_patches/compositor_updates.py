"""The classes of a frame: Textual hands them to the app, but no public module has them (8.2.8)."""

from __future__ import annotations

from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate

__all__ = ["ChopsUpdate", "CompositorUpdate", "LayoutUpdate"]
