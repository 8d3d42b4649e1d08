"""Header blocks of one direction of an HTTP/2 connection (HPACK, RFC 7541), with or without a known past.

A block refers to entries of a table that all earlier blocks of its direction built. When blocks were lost,
the table is emptied and marked as having lost entries; from then on nothing can be misread:

- Index 62 is the newest entry, 63 the one before (RFC 7541, 2.3.3). Entries are added at the front and
  evicted at the back only, so the n-th newest entry depends on the last n additions and on nothing older.
  Additions that were seen since the loss are therefore found under exactly the sender's indices, however
  many were lost before them; an index beyond them is a lost entry, and is known to be one.
- Evictions cannot shift an index. If the sender's table is smaller than ours, ours holds entries at the
  back that the sender cannot refer to any more; if it is larger, the sender refers to entries that ours
  evicted, and those count as lost. The same holds for an entry too large for a table, which empties it
  (4.4), and for an entry whose name was lost and whose size is therefore unknown.
- A block that refers to a lost entry is read to its end all the same, so that what it adds is added.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable

from hpack import Decoder
from hpack.exceptions import HPACKDecodingError, OversizedHeaderListError
from hpack.struct import HeaderTuple
from hpack.table import HeaderTable

HEADER_BYTES = 64 * 1024
"""Largest header list, decoded, by the measure of RFC 7541 (names, values and 32 bytes each)."""
TABLE_BYTES = 16 * 1024
"""Largest table that is held; senders that were allowed a larger one refer to lost entries now and then."""

_LOST = b"\0lost"
# Its debug log holds every header's value, credentials too.
logging.getLogger("hpack").setLevel(logging.INFO)


class LostEntries(Exception):
    """A header block refers to table entries that were not seen; ``known`` are the others of its headers."""

    def __init__(self, known: dict[str, str]) -> None:
        super().__init__("header block refers to lost entries")
        self.known = known


class _Table(HeaderTable):
    """A table that knows whether it holds all that the sender's holds."""

    def __init__(self) -> None:
        super().__init__()
        self.complete = True

    def get_by_index(self, index: int) -> tuple[bytes, bytes]:
        if not self.complete and index > self.STATIC_TABLE_LENGTH + len(self.dynamic_entries):
            return _LOST, b""
        return super().get_by_index(index)


class HeaderBlocks:
    """Decodes the header blocks of one direction, in their order.

    The sizes that ``SETTINGS`` allow are not looked at: a sender that changes its table says so in its
    blocks (RFC 7541, 4.2), and when a setting applies cannot be seen from between the two ends.
    """

    def __init__(self) -> None:
        self._decoder = Decoder(max_header_list_size=HEADER_BYTES)
        self._decoder.max_allowed_table_size = 2**32
        self._restart(complete=True)

    @property
    def complete(self) -> bool:
        """Whether every entry of the sender's table is known."""
        return self._table.complete

    def lose(self) -> None:
        """Blocks were lost."""
        self._restart(complete=False)

    def decode(self, block: bytes) -> dict[str, str]:
        """The headers of a block, lower-case; of a repeated one the last.

        Raises
        ------
        LostEntries
            It refers to entries that were lost, or its headers are more than ``HEADER_BYTES``.
        HPACKDecodingError
            It is no header block.
        """
        try:
            headers: Iterable[HeaderTuple] = self._decoder.decode(block, raw=True)
        except OversizedHeaderListError as error:
            self.lose()
            raise LostEntries({}) from error
        except IndexError as error:
            raise HPACKDecodingError("truncated header block") from error
        if self._decoder.header_table_size > TABLE_BYTES:
            self._decoder.header_table_size, self._table.complete = TABLE_BYTES, False
        decoded = {bytes(name).decode("latin-1"): bytes(value).decode("latin-1") for name, value in headers}
        if decoded.pop(_LOST.decode(), None) is not None:
            raise LostEntries(decoded)
        return decoded

    def _restart(self, *, complete: bool) -> None:
        self._table = _Table()
        self._table.complete = complete
        self._decoder.header_table = self._table
