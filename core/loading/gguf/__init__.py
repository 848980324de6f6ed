"""GGUF models, the format of llama.cpp: their header, what is refused, and loading with dequantised weights."""
