"""The engine: the process that owns model and journal, and the socket through which screens talk to it."""
