"""What every codec is: from the bodies of one serving protocol to a decoded inference."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from collector.codecs.decoded import Inference


@dataclass(frozen=True, slots=True)
class Body:
    """A body without its content encoding, and the headers it came with (lower-case names)."""

    data: bytes
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Glance:
    """What a search over the bodies tells without decoding them; empty is what it does not tell."""

    rows: int
    model: str = ""
    version: str = ""


class Codec(Protocol):
    """Decodes one protocol; stateless, and raises nothing but :class:`~collector.reasons.Undecodable`."""

    def glance(self, asked: Body | None, answered: Body | None) -> Glance:
        """Rows, model and version of an exchange that is not kept; cheap, and never raises."""

    def decode(self, asked: Body | None, answered: Body | None) -> Inference:
        """Decode an exchange.

        ``asked`` is ``None`` when only the response came; ``answered`` when the request failed or was
        never answered. A single bad tensor does not raise: it is named in ``faults``.
        """


@dataclass(frozen=True, slots=True)
class Route:
    """The codec of a request, and what its path tells; empty where only the bodies tell."""

    codec: Codec
    model: str = ""
    version: str = ""
