"""Why an inference was not kept: a closed set, because it labels ``coverage.dropped``."""

from __future__ import annotations

from typing import Literal

DropReason = Literal[
    "tap_overflow",  # the worker was too slow or away; the bytes were forwarded but not copied
    "no_response",  # the connection ended before the answer
    "malformed_http",  # the bytes are not HTTP/1.1
    "malformed_body",  # the body is not a V2 inference request or response
    "body_too_large",  # larger than the bound, before or after decompression
    "unsupported_encoding",  # a content encoding other than gzip and deflate
    "binary_tensors",  # the binary tensor extension
    "mismatched_id",  # request and response carry different ids
    "no_contract",  # the model's contract was not known in time and the buffer is full
    "buffer_full",  # ClickHouse is slow or away and the shipping buffer is full
    "rejected",  # ClickHouse refused the batch
    "shutdown",  # not written when the time to finish was over
]


class Undecodable(Exception):
    """A message cannot be turned into an inference; ``reason`` is what is counted."""

    def __init__(self, reason: DropReason, detail: str = "") -> None:
        super().__init__(detail or reason)
        self.reason: DropReason = reason
