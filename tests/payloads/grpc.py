"""gRPC bodies."""

from __future__ import annotations

import gzip
import struct
import zlib

from collector.codecs.codec import Body


def framed(*messages: bytes, encoding: str = "", compressed: bool = False) -> Body:
    """Messages with their prefixes; compressed by ``encoding`` if asked."""
    parts = []
    for message in messages:
        data = message
        if compressed and encoding == "gzip":
            data = gzip.compress(message)
        elif compressed and encoding == "deflate":
            data = zlib.compress(message)
        parts.append(struct.pack(">?I", compressed, len(data)) + data)
    headers = {"content-type": "application/grpc"} | ({"grpc-encoding": encoding} if encoding else {})
    return Body(b"".join(parts), headers)
