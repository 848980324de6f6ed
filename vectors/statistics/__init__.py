"""Statistics of separation: effect sizes, intervals, significance, random directions."""
