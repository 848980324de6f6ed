"""Jobs (F3): what can be started, what waits, runs and has ended, and everything a job tells, drawn as it comes."""
