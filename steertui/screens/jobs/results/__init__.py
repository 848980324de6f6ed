"""What a job has produced: pages, tables, curves and figures."""
