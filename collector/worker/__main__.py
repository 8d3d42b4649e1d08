"""Entry point of the worker process: ``python -m collector.worker FD``, started by the collector."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys

from collector.worker.loop import run_worker


def main() -> None:
    # SIGTERM ends the worker in order, by the way of run_worker's finally.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with contextlib.suppress(OSError):
        os.nice(5)  # on a busy machine the model server and the splice come first
    with socket.socket(fileno=int(sys.argv[1])) as sock:
        run_worker(sock)


if __name__ == "__main__":
    main()
