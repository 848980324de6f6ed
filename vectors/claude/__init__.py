"""Client for the Claude API: a question with a JSON schema in, a validated reply or an error sentence out.

Judges and writers use this package; keys, retries, deadlines, budgets and the cache are handled only here.
"""
