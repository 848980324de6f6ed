"""Extraction by several processes: launcher, worker, and the shards they exchange."""
