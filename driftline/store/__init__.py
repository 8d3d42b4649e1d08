"""The store: ClickHouse through its native protocol, and nothing else."""

from driftline.store.client import Rows, Store
from driftline.store.sql import load_sql

__all__ = ["Rows", "Store", "load_sql"]
