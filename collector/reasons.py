"""Why an inference was not kept, and by which tap it was seen: closed sets, because they label coverage."""

from __future__ import annotations

from typing import Literal

Tap = Literal["splice", "cloudevents", "ext_proc", "client"]

DropReason = Literal[
    "tap_overflow",  # the worker was too slow or away; the bytes were forwarded but not copied
    "no_response",  # the connection ended before the answer
    "malformed_http",  # the bytes are not HTTP
    "malformed_body",  # the body is not a request or response of its protocol
    "malformed_event",  # not a CloudEvent, or one without what pairs it
    "body_too_large",  # larger than the bound, before or after decompression
    "unsupported_encoding",  # a content encoding other than gzip and deflate
    "mismatched_id",  # request and response carry different ids
    "no_contract",  # the model's contract was not known in time and the buffer is full
    "spool_full",  # ClickHouse is slow or away and the spool has reached its bound in bytes
    "spool_expired",  # waited in the spool for longer than its bound in time
    "spool_failed",  # the spool's folder cannot be written: full disk, no permission
    "spool_corrupt",  # read back from the spool with a wrong checksum
    "client_overflow",  # the in-process client's queue was full
    "rejected",  # ClickHouse refused the batch
    "shutdown",  # not written when the time to finish was over
]


class Undecodable(Exception):
    """A message cannot be turned into an inference; ``reason`` is what is counted."""

    def __init__(self, reason: DropReason, detail: str = "") -> None:
        super().__init__(detail or reason)
        self.reason: DropReason = reason
