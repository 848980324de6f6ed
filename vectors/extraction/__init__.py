"""From pairs to a vector: what is read where, how the direction is made, and how good it is on pairs it never saw."""
