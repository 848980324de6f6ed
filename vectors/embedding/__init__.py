"""Rows that stand for the meaning of texts: from the loaded model, tested first, or from a file."""
