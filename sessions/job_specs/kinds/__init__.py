"""The kinds of job parameters: how a value is parsed, checked, completed and written on a command line."""
