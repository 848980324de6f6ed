"""Two models of one family: how their weights differ, and whether that is the direction somebody found elsewhere."""
