"""Descriptors: pure functions that turn a rich value into the columns that measure it."""
