"""The copy on its way to the worker process: bounded, never blocking, and a worker that is restarted."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import socket
import subprocess
import sys
import time
from asyncio.subprocess import Process
from collections.abc import Callable

import orjson

from collector.frames import HEADER, FrameKind, Gap, pack, pack_gap, pack_header
from driftline.logs import get_logger

_log = get_logger(__name__)

BUFFER_BYTES = 8 * 1024 * 1024
SOCKET_BYTES = 1024 * 1024
FLUSH_BYTES = 1024 * 1024
FLUSH_SECONDS = 0.005
"""Copies leave after so long, or as soon as there are so many bytes: later than the requests they are of."""
WORKER_MALLOC = {
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_TRIM_THRESHOLD_": "262144",
    "MALLOC_MMAP_THRESHOLD_": "262144",
}
"""Bodies come and go: glibc gives their memory back instead of keeping it for each thread (20 % less)."""
JOINED_PARTS = 64
"""More pieces than these leave as one: each that waits costs some hundred bytes beside its own."""
LONGEST_PAUSE_SECONDS = 30.0
START_SECONDS = 5.0
STEADY_SECONDS = 30.0
"""A worker that lived this long is restarted at once when it dies."""
CHECK_SECONDS = 10.0
STUCK_CHECKS = 6
"""A worker that takes nothing of what waits for it at so many checks in a row is killed and restarted."""


class _Gap:
    """Copying of one connection stopped; ``requests`` is how many seem to have passed since."""

    __slots__ = ("answered", "asked", "replied", "requests")

    def __init__(self, requests: int) -> None:
        self.requests = requests
        self.answered = False
        """The last bytes that were not copied came from the model server."""
        self.asked = 0
        self.replied = 0


class WorkerLink:
    """A tee into a worker process.

    Frames wait in the socket's write buffer, at most ``buffer_bytes`` of them. When there is no room or
    no worker, the connection is marked and its bytes are counted as dropped; the next frame that fits
    is preceded by a ``GAP``, from which the worker finds the next request by itself.

    Parameters
    ----------
    config
        First frame's payload: a :class:`collector.options.WorkerConfig` as JSON.
    buffer_bytes
        Bound of what waits for the worker, in bytes.
    """

    def __init__(self, config: bytes, *, buffer_bytes: int = BUFFER_BYTES) -> None:
        self._config = config
        self._buffer_bytes = buffer_bytes
        self._transport: asyncio.WriteTransport | None = None
        self._process: Process | None = None
        self._supervisor: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()
        self._attached = asyncio.Event()
        self._unsent: list[bytes] = []
        self._unsent_bytes = 0
        self._flushed_bytes = 0
        self._flush_timer: asyncio.TimerHandle | None = None
        self._gaps: dict[int, _Gap] = {}
        self._copied: set[int] = set()
        self._refusal: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.dropped_bytes = 0
        self.restarts = 0

    @property
    def worker_pid(self) -> int | None:
        """Process id of the running worker, or ``None``."""
        process = self._process
        return process.pid if process is not None and process.returncode is None else None

    async def start(self) -> None:
        """Start the first worker, watch over it, and return when copies can be handed over."""
        self._supervisor = asyncio.get_running_loop().create_task(self._supervise())
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._attached.wait(), START_SECONDS)

    def request_bytes(self, connection: int, at: float, data: bytes) -> None:
        """Offer bytes that a client sent."""
        self._offer(FrameKind.REQUEST_BYTES, connection, at, data)

    def response_bytes(self, connection: int, at: float, data: bytes) -> None:
        """Offer bytes that the model server sent."""
        self._offer(FrameKind.RESPONSE_BYTES, connection, at, data)

    def closed(self, connection: int, at: float) -> None:
        """Tell that the connection ended."""
        # An end is small and frees memory in the worker, so it goes out whenever there is a worker.
        if self._transport is not None and connection in self._copied:
            self._announce_gap(connection, at)
            self._append(pack(FrameKind.CLOSED, connection, at, b""))
        self._gaps.pop(connection, None)
        self._copied.discard(connection)

    async def refused(self) -> str:
        """Why a tap of the first worker cannot listen; never returns when all of them do."""
        return await asyncio.shield(self._refusal)

    def stats(self, counters: dict[str, int]) -> None:
        """Tell the worker the splice's own counters, which it serves as metrics."""
        if self._transport is not None:
            self._append(pack(FrameKind.STATS, 0, time.monotonic(), orjson.dumps(counters)))

    async def stop(self, seconds: float) -> None:
        """Let the worker finish what it has, for at most ``seconds``, then kill it."""
        self._stopping.set()
        self._flush()
        if self._transport is not None:
            self._transport.close()
        process = self._process
        if process is not None and process.returncode is None:
            try:
                await asyncio.wait_for(process.wait(), seconds)
            except TimeoutError:
                _log.warning("collector worker did not finish in time and is killed", seconds=seconds)
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
        if self._supervisor is not None:
            self._supervisor.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._supervisor

    def _offer(self, kind: FrameKind, connection: int, at: float, data: bytes) -> None:
        transport = self._transport
        waiting = self._unsent_bytes + (transport.get_write_buffer_size() if transport is not None else 0)
        if transport is None or waiting + len(data) + HEADER.size > self._buffer_bytes:
            self._drop(kind, connection, len(data))
            return
        if connection in self._gaps:
            self._announce_gap(connection, at)
        self._copied.add(connection)
        self._append(pack_header(kind, connection, at, len(data)), data)

    def _append(self, *parts: bytes) -> None:
        # Copies leave a little later and together: no system call of theirs delays a request.
        self._unsent.extend(parts)
        self._unsent_bytes += sum(map(len, parts))
        if self._unsent_bytes >= FLUSH_BYTES:
            self._flush()
        elif self._flush_timer is None:
            self._flush_timer = asyncio.get_running_loop().call_later(FLUSH_SECONDS, self._flush)

    def _flush(self) -> None:
        if self._flush_timer is not None:
            self._flush_timer.cancel()
            self._flush_timer = None
        if self._unsent and self._transport is not None:
            if len(self._unsent) > JOINED_PARTS:
                self._transport.write(b"".join(self._unsent))
            else:
                self._transport.writelines(self._unsent)
            self._flushed_bytes += self._unsent_bytes
        self._unsent = []
        self._unsent_bytes = 0

    def _drop(self, kind: FrameKind, connection: int, size: int) -> None:
        self.dropped_bytes += size
        gap = self._gaps.get(connection)
        if gap is None:
            gap = self._gaps[connection] = _Gap(1)
        elif kind is FrameKind.REQUEST_BYTES and gap.answered:
            gap.requests += 1
        gap.answered = kind is FrameKind.RESPONSE_BYTES
        if gap.answered:
            gap.replied += size
        else:
            gap.asked += size

    def _announce_gap(self, connection: int, at: float) -> None:
        gap = self._gaps.pop(connection, None)
        if gap is not None:
            told = Gap(gap.requests, gap.answered, gap.asked, gap.replied)
            self._append(pack(FrameKind.GAP, connection, at, pack_gap(told)))

    async def _supervise(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            began = time.monotonic()
            try:
                await self._run_worker()
            except OSError as error:
                _log.error("collector worker cannot be started", error=str(error))
            if self._stopping.is_set():
                return
            failures = 0 if time.monotonic() - began > STEADY_SECONDS else failures + 1
            pause = min(LONGEST_PAUSE_SECONDS, 0.1 * 2**failures) * random.uniform(0.8, 1.2)  # noqa: S311
            self.restarts += 1
            exit_code = self._process.returncode if self._process is not None else None
            _log.warning(
                "collector worker ended, restarting", exit_code=exit_code, pause_seconds=round(pause, 2)
            )
            await asyncio.sleep(pause)

    async def _run_worker(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        with ours, theirs:
            ours.setblocking(False)
            ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SOCKET_BYTES)
            # A session of its own: Ctrl-C in a terminal reaches the splice, which then ends the worker.
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "collector.worker",
                str(theirs.fileno()),
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                env={**WORKER_MALLOC, **os.environ},
                start_new_session=True,
            )
            theirs.close()
            protocol = _LinkProtocol(self._said)
            transport, _ = await asyncio.get_running_loop().create_unix_connection(
                lambda: protocol, sock=ours
            )
            transport.set_write_buffer_limits(high=self._buffer_bytes)
            transport.write(pack(FrameKind.CONFIG, 0, time.monotonic(), self._config))
            # Connections that were copied to an earlier worker are unknown to this one: gaps.
            for connection in self._copied:
                self._gaps.setdefault(connection, _Gap(0))
            self._copied.clear()
            self._transport = transport
            self._attached.set()
            try:
                await self._watch(protocol, transport, self._process)
            finally:
                self._transport = None
                self._flush()
                transport.abort()
            await self._reap(self._process)

    def _said(self, message: str) -> None:
        """The worker has one thing to say: that a tap cannot listen."""
        if self.restarts == 0 and not self._refusal.done():
            self._refusal.set_result(message)

    async def _watch(
        self, protocol: _LinkProtocol, transport: asyncio.WriteTransport, process: Process
    ) -> None:
        """Return when the worker has closed its end; kill one that is stuck, which closes it, too."""
        checks, taken = 0, -1
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(protocol.lost.wait(), CHECK_SECONDS)
                return
            # Checks are counted rather than seconds, so that a machine that slept is no reason.
            waiting = transport.get_write_buffer_size()
            checks = checks + 1 if waiting and self._flushed_bytes - waiting == taken else 0
            taken = self._flushed_bytes - waiting
            if checks >= STUCK_CHECKS:
                _log.error("collector worker is stuck and is killed", waiting_bytes=waiting)
                with contextlib.suppress(ProcessLookupError):
                    process.kill()

    async def _reap(self, process: Process) -> None:
        try:
            await asyncio.wait_for(process.wait(), STEADY_SECONDS)
        except TimeoutError:
            process.kill()
            await process.wait()


class _LinkProtocol(asyncio.Protocol):
    """Notices that the worker closed its end, and takes the line that it may write before."""

    def __init__(self, said: Callable[[str], None]) -> None:
        self.lost = asyncio.Event()
        self._said = said
        self._words = b""

    def data_received(self, data: bytes) -> None:
        self._words += data
        line, end, self._words = self._words.partition(b"\n")
        if end:
            self._said(line.decode("utf-8", "replace"))
        else:
            self._words = line

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost.set()
