"""A TCP proxy that cuts connections where it hurts: amid what a client sends, or amid the answer."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import Self


class CuttingProxy:
    """Listens on a free loopback port and passes bytes on, until a budget of bytes is used up.

    Attributes
    ----------
    upward, downward
        Bytes that may still pass to the server and back; when one is used up, the connection is cut and both
        are unlimited again. ``None``: no limit.
    cuts
        Connections that were cut.
    """

    def __init__(self, port: int) -> None:
        self._upstream = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.upward: int | None = None
        self.downward: int | None = None
        self.cuts = 0
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        # Closing alone does not wake the thread that waits for connections.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self._upstream))
            for source, sink, name in ((client, server, "upward"), (server, client, "downward")):
                threading.Thread(target=self._pass, args=(source, sink, name), daemon=True).start()

    def _pass(self, source: socket.socket, sink: socket.socket, name: str) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                left = getattr(self, name)
                if left is not None and len(data) > left:
                    sink.sendall(data[:left])
                    self.upward = self.downward = None
                    self.cuts += 1
                    break
                sink.sendall(data)
                if left is not None:
                    setattr(self, name, left - len(data))
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
