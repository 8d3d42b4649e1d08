"""`driftline collect`: checks what it is told, then becomes the process that stands in the path."""

from __future__ import annotations

import os
import sys
import tempfile
from typing import NoReturn

from collector.options import CollectOptions, WorkerConfig
from collector.path_process import PathConfig
from driftline.settings import Settings
from driftline.store import Store


def run_collector(settings: Settings, options: CollectOptions) -> NoReturn:
    """Replace this process by the one that forwards traffic and watches over the worker.

    The process in the path then holds nothing but what it needs: the settings, the command line and the
    database driver would cost it 40 MB. It ends on SIGTERM or SIGINT with status 0 after draining, and with
    the error's exit code and one line on standard error when an address cannot be listened on.

    Raises
    ------
    InvalidSettings
        The ClickHouse URL cannot be understood. That ClickHouse is down is no error: the collector
        forwards all the same and connects when it can.
    """
    if settings.clickhouse_url is not None:
        Store(settings.clickhouse_url.get_secret_value(), settings.clickhouse_database).close()
    worker = WorkerConfig.build(settings, options)
    config = PathConfig(
        worker=worker.to_json().decode(),
        listen=options.listen,
        upstream=options.upstream,
        instance=worker.instance,
        drain_seconds=options.drain_seconds,
        log_level=settings.log_level,
        log_format=settings.log_format,
    )
    # An unlinked file rather than an argument: the configuration may hold a password.
    with tempfile.TemporaryFile() as file:
        file.write(config.to_json())
        file.flush()
        file.seek(0)
        os.set_inheritable(file.fileno(), True)
        sys.stdout.flush()
        sys.stderr.flush()
        program = [sys.executable, "-m", "collector.path_process", str(file.fileno())]
        os.execv(program[0], program)  # noqa: S606 - nothing of it comes from outside
