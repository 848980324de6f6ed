"""The comparison of models and conditions, as a matrix or as pairwise duels."""
