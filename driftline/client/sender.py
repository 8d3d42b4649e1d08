"""The thread that sends what is queued: connects, reconnects with a growing pause, and never matters."""

from __future__ import annotations

import contextlib
import logging
import random
import socket
import threading
import time
from collections import deque

from driftline.client.buffer import AWAY, MALFORMED, TOO_LARGE, Buffer, Key, Record
from driftline.client.frames import TAKEN, TooLarge, frame, number, text
from driftline.client.tensors import rows_of, tensors

_log = logging.getLogger("driftline.client")

SEND_SECONDS = 5.0
"""A collector that takes nothing for so long is given up, and tried again later."""
SHORTEST_PAUSE = 0.1
LONGEST_PAUSE = 10.0
UNCONFIRMED = 4096
"""Frames that may be sent before the collector has confirmed the first of them."""
SEND_TRIES = 2
_JOIN_BYTES = 64 * 1024

_Losses = list[tuple[Key, str, int]]
"""What is lost when a frame is: model and version, reason, rows."""


class Sender:
    """Sends the records of a buffer to ``address``; its thread starts with the first record.

    What was sent but not confirmed when a connection breaks is reported as lost: the collector may have
    died with it.
    """

    def __init__(self, address: str, instance: str, buffer: Buffer, flush_seconds: float) -> None:
        self._address = address
        self._instance = text(instance)
        self._buffer = buffer
        self._flush_seconds = flush_seconds
        self._starting = threading.RLock()
        self.forget()

    def forget(self) -> None:
        """Start anew without a thread or a connection: those of a parent process are not ours."""
        inherited = getattr(self, "_socket", None)
        if inherited is not None:
            with contextlib.suppress(OSError):
                inherited.close()  # this process's copy of the descriptor; the parent's stays open
        self._starting = threading.RLock()
        self.thread: threading.Thread | None = None
        self._stop = threading.Event()
        self._socket: socket.socket | None = None
        self._unsent: tuple[list[bytes], _Losses] | None = None
        self._tries = 0
        self._unconfirmed: deque[_Losses] = deque()
        self._confirmed = 0
        self._told = b""
        self._pause = SHORTEST_PAUSE
        self._retry_at = 0.0
        self._deadline = 0.0

    def start(self) -> None:
        """Start the thread unless it runs."""
        with self._starting:
            if self.thread is None:
                self._stop.clear()
                thread = threading.Thread(target=self._run, name="driftline-client", daemon=True)
                thread.start()
                self.thread = thread

    def stop(self, timeout: float) -> None:
        """Let the thread send what is queued, for at most ``timeout`` seconds."""
        thread = self.thread
        if thread is None or thread is threading.current_thread():
            return
        self._deadline = time.monotonic() + timeout
        self._stop.set()
        thread.join(timeout + 0.1)

    def _run(self) -> None:
        while not self._stop.wait(self._flush_seconds):
            self._drain(None)
        self._drain(self._deadline)
        self._disconnect("closed")
        with self._starting:
            self.thread = None  # so that a later record starts another

    def _drain(self, deadline: float | None) -> None:
        """Send until the buffer is empty, the connection fails, or the deadline is over."""
        try:
            if self._pending():
                self._confirm(wait=None)  # also notices a collector that went away meanwhile
            while self._pending() and (deadline is None or time.monotonic() < deadline):
                if not self._connected(deadline):
                    return
                self._send_next()
                if deadline is None and self._stop.is_set():
                    return
            self._confirm(wait=deadline)
        except OSError as error:
            self._disconnect(str(error) or type(error).__name__)

    def _pending(self) -> bool:
        return self._unsent is not None or bool(self._buffer.records) or self._buffer.losses()

    def _send_next(self) -> None:
        if self._unsent is None:
            self._unsent = self._next()
        if self._unsent is None:
            return
        parts, carried = self._unsent
        self._tries += 1
        assert self._socket is not None
        if sum(map(len, parts)) <= _JOIN_BYTES:
            self._socket.sendall(b"".join(parts))
        else:
            for part in parts:
                self._socket.sendall(part)
        self._unsent = None
        self._tries = 0
        self._unconfirmed.append(carried)
        if len(self._unconfirmed) >= UNCONFIRMED:
            self._confirm(wait=time.monotonic() + SEND_SECONDS)
            if len(self._unconfirmed) >= UNCONFIRMED:
                raise TimeoutError("the collector confirms nothing")
        elif len(self._unconfirmed) % 64 == 0:
            self._confirm(wait=None)

    def _next(self) -> tuple[list[bytes], _Losses] | None:
        if self._buffer.losses():
            return self._report()
        record = self._buffer.take()
        if record is None:
            return None
        try:
            return self._framed(record)
        except TooLarge:
            self._buffer.lose(record[1], 1, TOO_LARGE)
        # The boundary to somebody's server: the thread must outlive whatever was passed to record().
        except Exception:  # noqa: BLE001
            self._buffer.lose(record[1], 1, MALFORMED)
        return self._report()

    def _framed(self, record: Record) -> tuple[list[bytes], _Losses]:
        _, key, inputs, outputs, event_id, trace_id, latency_ms, status, at, batch = record
        failed = status != "ok"
        head = {
            "model": text(key[0]),
            "version": text(key[1]),
            "instance": self._instance,
            "event_id": text(event_id),
            "trace_id": text(trace_id),
            "at": number(at),
            "took_ms": number(latency_ms),
            "status": "error" if failed else "ok",
        }
        asked = None if inputs is None else tensors(inputs, batch=batch)
        answered = None if outputs is None or failed else tensors(outputs, batch=batch)
        rows = rows_of([*(asked or ()), *(answered or ())])
        return frame(head, asked, answered), [(key, AWAY, rows)]

    def _report(self) -> tuple[list[bytes], _Losses]:
        losses = self._buffer.take_losses()
        told = [
            {"model": text(model), "version": text(version), "reason": reason, "rows": rows}
            for (model, version), reason, rows in losses
        ]
        return frame({"instance": self._instance, "lost": told}, None, None), losses

    def _connected(self, deadline: float | None) -> bool:
        if self._socket is not None:
            return True
        now = time.monotonic()
        if now < self._retry_at and deadline is None:
            return False
        try:
            self._socket = _connect(self._address)
        except OSError as error:
            self._back_off(f"cannot connect: {error}")
            return False
        if self._pause > SHORTEST_PAUSE:
            _log.info("driftline client: connected to %s", self._address)
        self._pause = SHORTEST_PAUSE
        self._confirmed = 0
        self._told = b""
        return True

    def _confirm(self, wait: float | None) -> None:
        """Read how many frames the collector has taken; with ``wait`` until all, or that moment."""
        while self._socket is not None and (wait is None or self._unconfirmed):
            self._socket.settimeout(0.0 if wait is None else max(0.001, wait - time.monotonic()))
            try:
                data = self._socket.recv(4096)
            except (BlockingIOError, TimeoutError):
                return
            finally:
                self._socket.settimeout(SEND_SECONDS)
            if not data:
                raise ConnectionResetError("the collector closed the connection")
            self._take_confirmations(data)

    def _take_confirmations(self, data: bytes) -> None:
        told = self._told + data
        whole = len(told) - len(told) % TAKEN.size
        self._told = told[whole:]
        if whole:
            (taken,) = TAKEN.unpack_from(told, whole - TAKEN.size)
            while self._confirmed < taken and self._unconfirmed:
                self._unconfirmed.popleft()
                self._confirmed += 1

    def _disconnect(self, why: str) -> None:
        sock, self._socket = self._socket, None
        if sock is not None:
            with contextlib.suppress(OSError):
                sock.close()
            if why != "closed":
                self._back_off(why)
        for carried in self._unconfirmed:
            for key, reason, rows in carried:
                self._buffer.lose(key, rows, reason)
        self._unconfirmed.clear()
        if self._unsent is not None and self._tries >= SEND_TRIES:
            # A frame that breaks connections is better given up.
            for key, reason, rows in self._unsent[1]:
                self._buffer.lose(key, rows, reason)
            self._unsent = None
            self._tries = 0

    def _back_off(self, why: str) -> None:
        if self._pause == SHORTEST_PAUSE:
            _log.warning("driftline client: %s: %s", self._address, why)
        self._retry_at = time.monotonic() + self._pause * random.uniform(0.5, 1.5)  # noqa: S311
        self._pause = min(LONGEST_PAUSE, self._pause * 2)


def _connect(address: str) -> socket.socket:
    """A connection to a unix socket's path, or to ``HOST:PORT``."""
    host, _, port = address.rpartition(":")
    if host and port.isdecimal() and "/" not in address:
        return socket.create_connection((host.strip("[]"), int(port)), SEND_SECONDS)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.settimeout(SEND_SECONDS)
        sock.connect(address.removeprefix("unix:"))
    except OSError:
        sock.close()
        raise
    return sock
