"""The embedded ClickHouse: the real engine as a supervised child process on loopback."""

from driftline.engine.supervisor import EmbeddedClickHouse

__all__ = ["EmbeddedClickHouse"]
