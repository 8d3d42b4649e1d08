"""The kernel every room stands on: contracts, settings, errors and the ClickHouse store."""

__version__ = "0.1.0"
