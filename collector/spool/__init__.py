"""Accepted events on disk until ClickHouse has them: checked, in segments, bounded by bytes and age."""

from collector.spool.options import SpoolOptions
from collector.spool.spool import Spool

__all__ = ["Spool", "SpoolOptions"]
