"""What can be started as a job, in words: read by the command line, by the screen's forms and by the lists of both.

Nothing here needs torch: the jobs themselves stand in `sessions.kinds`.
"""
