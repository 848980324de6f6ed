"""The terminal: what it can do, its signals, clipboard, editor and output."""
