"""The messages in a gRPC body: each after a flag byte and its length in 4 bytes.

Format: gRPC over HTTP2, "Length-Prefixed-Message"; gRPC-Web adds a frame of trailers, whose flag has the
highest bit set.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping

from collector.codecs.codec import Body
from collector.reasons import Undecodable

MOST_BYTES = 64 * 1024 * 1024
"""Bound of the messages of one body together, after decompression."""
MOST_MESSAGES = 10_000

_PREFIX_BYTES = 5
_COMPRESSED = 0x01
_TRAILERS = 0x80
# gRPC's "deflate" is zlib's format.
_WINDOW_BITS: Mapping[str, int] = {"gzip": zlib.MAX_WBITS | 16, "deflate": zlib.MAX_WBITS}


def split_messages(body: Body) -> list[bytes]:
    """The messages, decompressed as the header ``grpc-encoding`` says.

    Raises
    ------
    Undecodable
        ``malformed_body`` when the body ends within a message or a message cannot be decompressed;
        ``unsupported_encoding``; ``body_too_large``.
    """
    data = body.data
    found: list[bytes] = []
    at, room = 0, MOST_BYTES
    while at < len(data):
        start = at + _PREFIX_BYTES
        if start > len(data):
            raise Undecodable("malformed_body", "the body ends within the prefix of a gRPC message")
        flag, at = data[at], start + int.from_bytes(data[at + 1 : start], "big")
        if at > len(data):
            raise Undecodable("malformed_body", f"a gRPC message ends {at - len(data)} bytes after the body")
        if flag == _TRAILERS:
            continue
        if flag > _COMPRESSED:
            raise Undecodable("malformed_body", f"a gRPC message with the flag {flag}")
        message = data[start:at]
        if flag == _COMPRESSED:
            message = _decompressed(message, body.headers.get("grpc-encoding", ""), room)
        room -= len(message)
        if room < 0 or len(found) == MOST_MESSAGES:
            raise Undecodable("body_too_large", f"more than {MOST_BYTES} bytes or {MOST_MESSAGES} messages")
        found.append(message)
    return found


def only_message(body: Body) -> bytes:
    """The message of a unary call; raises :class:`Undecodable`."""
    messages = split_messages(body)
    if len(messages) != 1:
        raise Undecodable("malformed_body", f"{len(messages)} gRPC messages in place of one")
    return messages[0]


def _decompressed(message: bytes, encoding: str, room: int) -> bytes:
    window_bits = _WINDOW_BITS.get(encoding.strip().lower())
    if window_bits is None:
        raise Undecodable("unsupported_encoding", encoding[:50] or "compressed without grpc-encoding")
    stream = zlib.decompressobj(window_bits)
    try:
        data = stream.decompress(message, room + 1)
    except zlib.error as error:
        raise Undecodable("malformed_body", f"compressed gRPC message: {error}") from error
    if len(data) > room:
        raise Undecodable("body_too_large", f"more than {MOST_BYTES} bytes after decompression")
    if not stream.eof or stream.unused_data:
        raise Undecodable("malformed_body", "compressed gRPC message: incomplete or with bytes after its end")
    return data
