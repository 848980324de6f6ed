"""Methods that compute a direction from the states of two classes: one file each, with its formula and
source.
"""
