"""Job specifications: parameters and help of every job, used by the command line, the screen's forms and
their lists.

Nothing here needs torch; the jobs themselves are created in `sessions.job_factories`.
"""
