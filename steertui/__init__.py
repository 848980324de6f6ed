"""What a person sees and types: the terminal app, the command line, the engine process and its socket."""

__version__ = "0.1.0"
