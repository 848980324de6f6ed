"""The jobs screen (F3): start jobs, list them, and show everything a job reports."""
