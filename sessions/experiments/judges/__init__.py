"""Who says what a text is worth: Claude, the resident model, or a count of words; all are asked the same way.

A judge that fails to answer leaves a gap. Gaps are counted and shown, and never enter a mean as a number.
"""
