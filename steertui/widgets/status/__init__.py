"""Status bar, hints, tabs, timeline and the collapse lamp."""
