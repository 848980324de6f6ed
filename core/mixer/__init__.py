"""The mixer and its channels as plain data (torch-free): pure edits, layer ranges, and what each layer adds."""
