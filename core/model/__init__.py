"""The loaded model: its block list, the hooks that steer it, its key–value cache and its residual norms."""
