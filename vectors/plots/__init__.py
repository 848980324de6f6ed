"""Plots for reports: layer curves, lines, bars, histograms and heat maps, as PNG or SVG.

Needs matplotlib, an optional extra (`steertui[plot]`), which is imported only when something is drawn.
"""
