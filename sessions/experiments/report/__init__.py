"""Experiment report as a folder: `report.md` with tables and plots, the answers, and all rows as data.

Everything is built from the events of the job, so a new experiment needs no report code of its own.
"""
