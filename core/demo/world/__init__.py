"""The toy world the demo models live in: a small grammar that writes documents and reads its own sentences back."""
