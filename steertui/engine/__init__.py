"""The engine: the process that owns the model and the journal, and the socket it serves clients on."""
