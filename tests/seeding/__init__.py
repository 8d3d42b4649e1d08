"""Rows that look like a fleet at work, for tests of what people are shown."""
