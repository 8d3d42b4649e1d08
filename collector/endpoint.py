"""Addresses as people write them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from driftline.errors import InvalidInput

UNIX = "unix:"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A TCP address, or with ``path`` a unix socket.

    >>> Endpoint.parse("127.0.0.1:8000")
    Endpoint(host='127.0.0.1', port=8000, path='')
    """

    host: str
    port: int
    path: str = ""

    def __str__(self) -> str:
        if self.path:
            return UNIX + self.path
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @classmethod
    def parse(cls, text: str, *, unix: bool = False) -> Self:
        """Read ``HOST:PORT``, ``[HOST]:PORT`` for IPv6, and with ``unix`` also ``unix:/PATH``.

        Raises
        ------
        InvalidInput
            Says what is wrong.
        """
        if unix and text.startswith(UNIX):
            path = text.removeprefix(UNIX)
            if not path.startswith("/"):
                raise InvalidInput(f"{text!r} is not an address: write unix:/PATH with an absolute path")
            return cls("", 0, path)
        host, _, port = text.rpartition(":")
        if not host or not port.isdecimal() or int(port) > 65535:
            or_unix = " or unix:/PATH" if unix else ""
            raise InvalidInput(
                f"{text!r} is not an address: write HOST:PORT{or_unix}, for example 127.0.0.1:8000"
            )
        return cls(host.removeprefix("[").removesuffix("]"), int(port))
