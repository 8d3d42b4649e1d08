"""Configuration files of the embedded engine: loopback only, one user with a generated password."""

from __future__ import annotations

import hashlib
import os
import socket
from pathlib import Path
from xml.sax.saxutils import escape

USER = "driftline"


def write_private(path: Path, text: str) -> None:
    """Write a file only its owner can read, whole or not at all."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)


def free_port() -> int:
    """A loopback TCP port that nobody listens on now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def render_server(tcp_port: int, http_port: int, memory_mib: int, log_dir: Path) -> str:
    """``config.xml``: ports on loopback, logs, memory limit and no system log tables."""
    return f"""<clickhouse>
  <listen_host>127.0.0.1</listen_host>
  <tcp_port>{tcp_port}</tcp_port>
  <http_port>{http_port}</http_port>
  <users_config>users.xml</users_config>
  <logger>
    <level>warning</level>
    <log>{escape(str(log_dir / "clickhouse.log"))}</log>
    <errorlog>{escape(str(log_dir / "clickhouse.err.log"))}</errorlog>
    <size>10M</size>
    <count>3</count>
  </logger>
  <max_server_memory_usage>{memory_mib * 1024 * 1024}</max_server_memory_usage>
  <mark_cache_size>134217728</mark_cache_size>
  <uncompressed_cache_size>0</uncompressed_cache_size>
  <background_pool_size>4</background_pool_size>
  <background_schedule_pool_size>8</background_schedule_pool_size>
  <timezone>UTC</timezone>
</clickhouse>
"""


def render_users(password: str, threads: int) -> str:
    """``users.xml``: Driftline's user, and ``default`` cut down to what the engine itself needs.

    The engine's own session always logs in as ``default`` without a password, so that user may only
    open the ports; the network ``::1`` is what ClickHouse takes for any loopback client.
    """
    digest = hashlib.sha256(password.encode()).hexdigest()
    return f"""<clickhouse>
  <profiles>
    <default><max_threads>{threads}</max_threads></default>
  </profiles>
  <quotas><default/></quotas>
  <users>
    <default>
      <password></password>
      <networks><ip>::1</ip></networks>
      <profile>default</profile>
      <quota>default</quota>
      <grants>
        <query>GRANT SYSTEM LISTEN ON *.*</query>
        <query>GRANT SELECT ON system.numbers</query>
      </grants>
    </default>
    <{USER}>
      <password_sha256_hex>{digest}</password_sha256_hex>
      <networks><ip>127.0.0.1</ip></networks>
      <profile>default</profile>
      <quota>default</quota>
      <access_management>1</access_management>
    </{USER}>
  </users>
</clickhouse>
"""
