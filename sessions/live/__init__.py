"""A live session: the loaded model, queued answers, generation, and jobs."""
