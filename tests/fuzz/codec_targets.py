"""The codecs as fuzz targets: bytes become a pair of bodies, which must decode soundly or be refused."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping

from collector.codecs.by_content import ByContent
from collector.codecs.codec import Body, Codec
from collector.codecs.mapped import Mapped
from collector.codecs.tfs_grpc import TfsGrpc
from collector.codecs.tfs_rest import TfsRest
from collector.codecs.v2_grpc import V2Grpc, V2GrpcStream
from collector.codecs.v2_rest import V2Rest
from driftline.payload_mapping import PayloadMapping
from tests.fuzz.seeds import Pair
from tests.payloads.checking import decode_checked, map_checked

CODECS: Mapping[str, Codec] = {
    "v2_rest": V2Rest(),
    "v2_grpc": V2Grpc(),
    "v2_grpc_stream": V2GrpcStream(),
    "tfs_rest": TfsRest(),
    "tfs_grpc": TfsGrpc(),
    "mapped": Mapped(
        PayloadMapping(
            path="/**",
            model="$.model",
            version="$.version",
            request_rows="$.rows",
            response_rows="$.ranking",
            request={
                "price": "@.price",
                "id": "@.id",
                "country": "$.country",
                "tag": "$..tags[*]",
                "cheap": "$.rows[?@.price < 2].id",
            },
            response={"score": "@.score", "last": "$.ranking[-1]"},
        )
    ),
    "by_content": ByContent(),
}

_LENGTH = "inference-header-content-length"
_ENCODINGS = ("", "gzip", "deflate", "snappy")
_HEAD = struct.Struct("<BBHHH")
_MAPPED_BYTES = 4096
"""Of a pair that is small enough to be mapped as well, which costs much more than decoding."""


def packed(pair: Pair) -> bytes:
    """A pair as bytes: which halves there are, their headers, where the answer begins, both bodies."""
    asked, answered = pair
    flags = (asked is not None) | (answered is not None) << 1
    codes = 0
    lengths = []
    for place, body in enumerate(pair):
        headers = body.headers if body is not None else {}
        codes |= _ENCODINGS.index(headers.get("grpc-encoding", "")) << 2 * place
        flags |= (_LENGTH in headers) << 2 + place
        lengths.append(int(headers.get(_LENGTH, "0")))
    bodies = [b"" if body is None else body.data for body in pair]
    return _HEAD.pack(flags, codes, *lengths, len(bodies[0])) + b"".join(bodies)


def unpacked(data: bytes) -> Pair:
    """The inverse of :func:`packed`, for any bytes."""
    flags, codes, *lengths, split = _HEAD.unpack(data[: _HEAD.size].ljust(_HEAD.size, b"\x00"))
    rest = data[_HEAD.size :]
    found: list[Body | None] = []
    for place, body in enumerate((rest[:split], rest[split:])):
        headers = {"grpc-encoding": _ENCODINGS[codes >> 2 * place & 3]}
        if flags >> 2 + place & 1:
            headers[_LENGTH] = str(lengths[place])
        found.append(Body(body, headers) if flags >> place & 1 else None)
    return found[0], found[1]


def codec_target(name: str) -> Callable[[bytes], None]:
    """What fuzzing of a codec runs."""
    codec = CODECS[name]

    def run(data: bytes) -> None:
        asked, answered = unpacked(data)
        found = decode_checked(codec, asked, answered)
        if found is not None and len(data) <= _MAPPED_BYTES and found.rows <= 100:
            map_checked(found)

    return run
