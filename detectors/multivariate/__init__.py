"""Drift of a model's inputs and outputs as a whole: joint distributions, correlations, attribution."""
