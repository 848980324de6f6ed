"""The token loop: prompt to ids, prefill, step, sample, and the text of an answer."""
