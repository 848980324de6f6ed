"""A mixer as one line of text: its parser and its printer (torch-free)."""
