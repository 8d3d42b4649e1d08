"""TCP addresses as people write them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from driftline.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A TCP address.

    >>> Endpoint.parse("127.0.0.1:8000")
    Endpoint(host='127.0.0.1', port=8000)
    """

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``HOST:PORT`` (``[HOST]:PORT`` for IPv6); :class:`InvalidInput` says what is wrong."""
        host, _, port = text.rpartition(":")
        if not host or not port.isdecimal() or int(port) > 65535:
            raise InvalidInput(f"{text!r} is not an address: write HOST:PORT, for example 127.0.0.1:8000")
        return cls(host.removeprefix("[").removesuffix("]"), int(port))
