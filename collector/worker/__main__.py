"""Entry point of the worker process: ``python -m collector.worker FD``, started by the collector."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import signal
import socket
import sys

import uvloop

from collector.worker.loop import serve


async def _serve(sock: socket.socket) -> None:
    task = asyncio.ensure_future(serve(sock))
    # SIGTERM ends the worker in order, by the way of serve's finally.
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await task


def main() -> None:
    with contextlib.suppress(OSError):
        os.nice(5)  # on a busy machine the model server and the splice come first
    # Decoded bodies are many objects and no cycles: rare collections, and none over what never goes away.
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    uvloop.run(_serve(socket.socket(fileno=int(sys.argv[1]))))


if __name__ == "__main__":
    main()
