"""What a server calls: record, measure, close."""

from __future__ import annotations

import atexit
import os
import time
import weakref
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self

from driftline.client.buffer import MALFORMED, OVERFLOW, Buffer
from driftline.client.sender import Sender
from driftline.client.snapshot import snapshot

Values = Mapping[str, Any]
Redact = Callable[[Values, Values], tuple[Values, Values]]
"""Takes inputs and outputs and returns what of them may leave the process."""

QUEUE_RECORDS = 10_000
QUEUE_BYTES = 16 * 1024 * 1024
FLUSH_SECONDS = 0.05
CLOSE_SECONDS = 1.0

_clients: weakref.WeakSet[Client] = weakref.WeakSet()


class Client:
    """Records inferences of one server process; safe to use from all its threads, and after a fork.

    Parameters
    ----------
    address
        The collector's ``--client`` address: the path of its unix socket, or ``HOST:PORT``. ``None`` or an
        empty text records nothing, so that the same code runs without a collector.
    model, version
        Of the inferences, unless a call says otherwise.
    instance
        Name of this replica; the collector's own when empty.
    redact
        What is done to all values before they are queued; a call may give another.
    queue_records, queue_bytes
        Bounds of what waits to be sent; more is dropped and counted.
    flush_seconds
        How long a record waits for others before it is sent.
    """

    def __init__(
        self,
        address: str | os.PathLike[str] | None,
        *,
        model: str = "",
        version: str = "",
        instance: str = "",
        redact: Redact | None = None,
        queue_records: int = QUEUE_RECORDS,
        queue_bytes: int = QUEUE_BYTES,
        flush_seconds: float = FLUSH_SECONDS,
    ) -> None:
        self._key = (model, version)
        self._redact = redact
        self._buffer = Buffer(queue_records, queue_bytes)
        self._sender = Sender(os.fspath(address), instance, self._buffer, flush_seconds) if address else None
        _clients.add(self)

    def record(
        self,
        inputs: Values | None = None,
        outputs: Values | None = None,
        *,
        event_id: str | None = None,
        trace_id: str | None = None,
        latency_ms: float | None = None,
        status: str = "ok",
        at: float | None = None,
        model: str | None = None,
        version: str | None = None,
        batch: bool = False,
        redact: Redact | None = None,
    ) -> None:
        """Queue one inference, or a batch of them; returns at once and never raises.

        Parameters
        ----------
        inputs, outputs
            Values by name: numbers, texts, lists of them as deep as wanted, or arrays. They are copied before
            this returns. A value of another type is counted as faulty; the others are kept.
        event_id
            What a label will later be joined by.
        trace_id
            32 hexadecimal digits, as in ``traceparent``.
        latency_ms
            How long the inference took, in milliseconds.
        status
            ``"ok"``; anything else is an error, and the outputs are left out.
        at
            Epoch seconds of the request; the time of this call, less the latency, when not given.
        batch
            Whether the first axis of every value is the batch: one event a row.
        """
        sender = self._sender
        if sender is None:
            return
        buffer = self._buffer
        key = self._key
        try:
            if model is not None or version is not None:
                key = (key[0] if model is None else model, key[1] if version is None else version)
            if sender.thread is None:
                sender.start()
            hook = redact or self._redact
            if hook is not None:
                inputs, outputs = hook(inputs or {}, outputs or {})
            if len(buffer.records) < buffer.limit:
                asked, answered, size = snapshot(inputs, outputs)
                if asked is None and answered is None:
                    raise ValueError("neither inputs nor outputs")
                if buffer.size + size <= buffer.limit_bytes:
                    if at is None:
                        at = time.time() - (latency_ms or 0.0) / 1000.0
                    buffer.records.append(
                        (size, key, asked, answered, event_id, trace_id, latency_ms, status, at, batch)
                    )
                    buffer.size += size
                    return
            buffer.lose(key, _rows(inputs, outputs, batch=batch), OVERFLOW)
        # The boundary to somebody's server: whatever is wrong with what it passes must not reach it.
        except Exception:  # noqa: BLE001
            buffer.lose(key, 1, MALFORMED)

    def measure(self, inputs: Values | None = None, **options: Any) -> Call:
        """Record the block's inference with its latency, and as an error when it raises.

        >>> with Client(None).measure(inputs={"x": 1.0}) as call:
        ...     call.outputs = {"y": 2.0}
        """
        return Call(self, inputs, options)

    def close(self, timeout: float = CLOSE_SECONDS) -> None:
        """Send what is queued, for at most ``timeout`` seconds, and stop; recording may go on later."""
        if self._sender is not None:
            self._sender.stop(timeout)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _after_fork(self) -> None:
        self._buffer.clear()
        if self._sender is not None:
            self._sender.forget()


class Call:
    """An inference that is being measured; set what is known of it inside the block.

    Attributes
    ----------
    inputs, outputs
        As in :meth:`Client.record`.
    options
        The other arguments of :meth:`Client.record`.
    """

    __slots__ = ("_began_at", "_began_counter", "_client", "inputs", "options", "outputs")

    def __init__(self, client: Client, inputs: Values | None, options: dict[str, Any]) -> None:
        self._client = client
        self.inputs = inputs
        self.outputs: Values | None = None
        self.options = options

    def __enter__(self) -> Self:
        self._began_at = time.time()
        self._began_counter = time.perf_counter()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _error: BaseException | None, _where: TracebackType | None
    ) -> None:
        took = (time.perf_counter() - self._began_counter) * 1000.0
        told = {"at": self._began_at, "latency_ms": took, "status": "ok" if kind is None else "error"}
        self._client.record(self.inputs, self.outputs, **{**told, **self.options})


def _rows(inputs: Values | None, outputs: Values | None, *, batch: bool) -> int:
    """Inferences in a batch: the length of the first value that has one."""
    if batch:
        for values in (inputs, outputs):
            for value in (values or {}).values():
                if hasattr(value, "__len__") and not isinstance(value, (str, bytes)):
                    return max(1, len(value))
    return 1


def _close_all() -> None:
    for client in list(_clients):
        client.close()


def _after_fork() -> None:
    for client in list(_clients):
        client._after_fork()


atexit.register(_close_all)
# A fork copies the queue but not the thread: the child starts with an empty queue and its own thread.
os.register_at_fork(after_in_child=_after_fork)
