"""Reading hidden states: batches, token positions, capture, and files of rows."""
