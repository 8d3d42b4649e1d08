"""Bodies that are a JSON object, in bounded memory."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import orjson

from collector.reasons import Undecodable

PARSED_BYTES = 64 * 1024 * 1024
"""Bound of what a body may take in memory once it is parsed."""
_UNCHECKED_BYTES = 1024 * 1024
# What orjson and CPython take for one more number, for a list, for an object of one key, and for half a text.
_WEIGHTS = ((ord(","), 56), (ord("["), 120), (ord("{"), 280), (ord('"'), 40))


def read_object(body: bytes | memoryview) -> dict[str, Any]:
    """The JSON object that a body is; raises as :func:`read_value`, also for any other value."""
    value = read_value(body)
    if type(value) is not dict:
        raise Undecodable("malformed_body", f"a JSON {type(value).__name__} in place of an object")
    return value


def read_value(body: bytes | memoryview) -> Any:
    """The JSON value that a body is.

    Raises
    ------
    Undecodable
        ``malformed_body`` when it is none; ``body_too_large`` when it would take more than
        :data:`PARSED_BYTES` in memory, as many small values do.
    """
    if len(body) > _UNCHECKED_BYTES:
        _check_size(body)
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        # Many servers write NaN and Infinity, which JSON does not have.
        try:
            return json.loads(bytes(body))
        except (ValueError, RecursionError) as error:
            raise Undecodable("malformed_body", f"not JSON: {error}") from error


def object_end(body: bytes) -> int | None:
    """Where the JSON object that a body starts with ends; ``None`` when there is none or nothing follows."""
    if not body.startswith(b"{") or len(body) > PARSED_BYTES:
        return None
    try:
        # Every byte is one character of Latin-1, so the position is that of the byte.
        _, end = json.JSONDecoder().raw_decode(body.decode("latin-1"))
    except (ValueError, RecursionError):
        return None
    return end if end < len(body) else None


def _check_size(body: bytes | memoryview) -> None:
    characters = np.frombuffer(body, dtype=np.uint8)
    size = sum(int(np.count_nonzero(characters == sign)) * weight for sign, weight in _WEIGHTS)
    if size > PARSED_BYTES:
        raise Undecodable("body_too_large", f"about {size} bytes once parsed")
