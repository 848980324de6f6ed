"""The toy world of the demo models: a small grammar that generates documents and labels their sentences."""
