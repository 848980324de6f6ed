"""Answers under conditions, and how they are scored, judged and compared with chance."""
