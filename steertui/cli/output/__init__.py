"""What the command line prints: sentences, progress, tables and curves."""
