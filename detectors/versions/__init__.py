"""Two versions of a model side by side: which is better, and whether an optimised one still answers alike."""
