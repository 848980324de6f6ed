"""The one room that speaks to Claude: a question with a schema in, a checked reply or a sentence out.

Whoever needs a judge or a writer asks here; keys, retries, deadlines, budgets and the cache are nobody else's business.
"""
