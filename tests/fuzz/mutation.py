"""Changes to sound messages, the same for the same seed."""

from __future__ import annotations

import random
from collections.abc import Callable

from collector.codecs.codec import Body

_INTERESTING = (
    b"\x00",
    b"\xff",
    b"\xff\xff\xff\xff",
    b"\x7f\xff\xff\xff",
    b"\x80\x00\x00\x00",
    b"NaN",
    b"null",
    b"-1",
    b"1e999",
    b"9223372036854775808",
    b'"',
    b"[",
    b"]",
    b"{}",
    b",",
    b"\\ud800",
    b"\r\n",
    b"0\r\n\r\n",
)


def mutated_bytes(data: bytes, seed: int, other: bytes = b"") -> bytes:
    """One to four changes: a bit, a run of bytes, a cut, a repetition, a piece of ``other``."""
    source = random.Random(seed)
    for _ in range(source.randint(1, 4)):
        data = source.choice(_CHANGES)(data, source, other)
    return data


def mutated(body: Body | None, seed: int) -> Body | None:
    """A body whose data or headers are changed."""
    if body is None:
        return None
    source = random.Random(seed)
    headers = dict(body.headers)
    if headers and source.random() < 0.2:
        name = source.choice(sorted(headers))
        if source.random() < 0.3:
            del headers[name]
        else:
            headers[name] = source.choice(
                ["0", "-1", "1", "99999", "gzip", "deflate", "", headers[name] + "0"]
            )
    return Body(mutated_bytes(body.data, seed), headers)


def _flip(data: bytes, source: random.Random, _: bytes) -> bytes:
    if not data:
        return data
    at = source.randrange(len(data))
    return data[:at] + bytes([data[at] ^ (1 << source.randrange(8))]) + data[at + 1 :]


def _insert(data: bytes, source: random.Random, _: bytes) -> bytes:
    at = source.randint(0, len(data))
    return data[:at] + source.choice(_INTERESTING) + data[at:]


def _overwrite(data: bytes, source: random.Random, _: bytes) -> bytes:
    at = source.randint(0, len(data))
    piece = source.choice(_INTERESTING) if source.random() < 0.7 else source.randbytes(source.randint(1, 8))
    return data[:at] + piece + data[at + len(piece) :]


def _cut(data: bytes, source: random.Random, _: bytes) -> bytes:
    start, end = sorted((source.randint(0, len(data)), source.randint(0, len(data))))
    return data[:start] + data[end:]


def _truncate(data: bytes, source: random.Random, _: bytes) -> bytes:
    return data[: source.randint(0, len(data))]


def _repeat(data: bytes, source: random.Random, _: bytes) -> bytes:
    start, end = sorted((source.randint(0, len(data)), source.randint(0, len(data))))
    return data[:end] + data[start:end] * source.randint(1, 3) + data[end:] if len(data) < 100_000 else data


def _splice(data: bytes, source: random.Random, other: bytes) -> bytes:
    return data[: source.randint(0, len(data))] + other[source.randint(0, len(other)) :]


_CHANGES: tuple[Callable[[bytes, random.Random, bytes], bytes], ...] = (
    _flip,
    _insert,
    _overwrite,
    _cut,
    _truncate,
    _repeat,
    _splice,
)
