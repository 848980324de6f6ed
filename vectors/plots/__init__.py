"""Pictures for a report: curves over layers, lines, bars, histograms and grids, as PNG or SVG.

Drawn by matplotlib, which is an extra (`steertui[plot]`): nothing here imports it before something is drawn.
"""
