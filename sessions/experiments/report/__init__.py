"""An experiment as a folder to show around: `report.md` with its tables and pictures, the texts, and all rows as data.

Everything is made from the events of the job, so a new experiment has a report without writing one.
"""
