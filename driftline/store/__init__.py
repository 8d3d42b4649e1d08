"""The store: ClickHouse through its native protocol, and nothing else."""

from driftline.store.client import Columns, Rows, Store
from driftline.store.sql import load_sql

__all__ = ["Columns", "Rows", "Store", "load_sql"]
