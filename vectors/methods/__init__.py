"""Ways from the states of two classes to a direction: one file per method, with its formula and its source."""
