"""The journal: events, their encoding, the append-only file, its reader and its repair."""
