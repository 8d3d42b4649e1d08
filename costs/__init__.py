"""Costs: what each model used of the pool, in money."""
