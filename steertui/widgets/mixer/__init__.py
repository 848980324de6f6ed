"""Widgets of the mixer: strips, dials and the bank of layer faders."""
